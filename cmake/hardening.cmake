# Protections of the finished program against attacks: checked libc calls, stack canaries, a random place in memory,
# linker tables that are read-only once the program runs. Sanitizers check more, and cannot be combined with these.
include(CheckCXXCompilerFlag)
include(CheckPIESupported)
check_pie_supported(LANGUAGES CXX)

add_compile_options(-fstack-protector-strong)
check_cxx_compiler_flag(-fstack-clash-protection has_stack_clash_protection)
if(has_stack_clash_protection)
  add_compile_options(-fstack-clash-protection)
endif()
# Level 3 knows the sizes of more objects (GCC 12, Clang 9, glibc 2.34); a header of an older libc takes it as 2.
# Fortified calls need optimization.
add_compile_options("$<$<NOT:$<CONFIG:Debug>>:-U_FORTIFY_SOURCE;-D_FORTIFY_SOURCE=3>")
add_link_options(-Wl,-z,relro -Wl,-z,now -Wl,-z,noexecstack)
