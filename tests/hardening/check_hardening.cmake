# cmake -D readelf= -D program= -P check_hardening.cmake
cmake_minimum_required(VERSION 3.25)

# shown(RESULT FLAG...): what readelf says of the program.
function(shown result)
  execute_process(COMMAND ${readelf} --wide ${ARGN} ${program} RESULT_VARIABLE status OUTPUT_VARIABLE output)
  if(NOT status EQUAL 0)
    message(FATAL_ERROR "${readelf} cannot read ${program}")
  endif()
  set(${result} "${output}" PARENT_SCOPE)
endfunction()

# expect(TEXT PATTERN WHAT)
function(expect text pattern what)
  if(NOT text MATCHES "${pattern}")
    message(SEND_ERROR "${what}: readelf shows no ${pattern} in\n${text}")
  endif()
endfunction()

shown(header --file-header)
expect("${header}" "Type: +DYN" "the program has a fixed place in memory")

shown(segments --segments)
expect("${segments}" "GNU_RELRO" "the linker's tables stay writable")
expect("${segments}" "GNU_STACK [^\n]* RW +0x" "the stack is executable")

shown(dynamic --dynamic)
expect("${dynamic}" "FLAGS_1[^\n]* NOW[^\n]* PIE" "functions are bound late, or the program is no PIE")

shown(symbols --dyn-syms)
# Stack canaries, the standard library's checks, and at least one checked call of the C library (memcpy, read, ...).
foreach(symbol "__stack_chk_fail" "__glibcxx_assert_fail" "__[a-z]+_chk@GLIBC")
  if(NOT symbols MATCHES "${symbol}")
    message(SEND_ERROR "nothing in the program calls ${symbol}")
  endif()
endforeach()
