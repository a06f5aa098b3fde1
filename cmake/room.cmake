# A room of src/ is one static library. It sees its own headers and those of the rooms it links, nothing
# else: every room's public headers reach the compiler through an include root that holds that room alone,
# so an include that goes against the link lines does not compile.
#
# The standard library's cheap checks (an index beyond a vector, an empty optional) stay in the program, except in a HOT
# room, which sees no foreign bytes and whose loops they would slow down. Its loops are optimized a little in the preset
# debug, too: without that its tests take hours.
#
# A COLD room waits for the others, for files or for people: optimized little, it compiles in half the time.
#
# Where several files are compiled as one (CMAKE_UNITY_BUILD, which the presets but for debug turn on: half the work),
# those that stand APART are not: Highway includes them once per instruction set, or they use names of other files.
#
#   bart_room(NAME [HOT | COLD] SOURCES a.cpp ... APART b.cpp ... ROOMS other ...
#             LIBRARIES public_libs ... PRIVATE_LIBRARIES libs ...)
function(bart_room name)
  cmake_parse_arguments(ROOM "HOT;COLD" "" "SOURCES;APART;ROOMS;LIBRARIES;PRIVATE_LIBRARIES" ${ARGN})
  add_library(bart_${name} STATIC ${ROOM_SOURCES} ${ROOM_APART})
  set_source_files_properties(${ROOM_APART} PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
  add_library(bart::${name} ALIAS bart_${name})
  set_target_properties(bart_${name} PROPERTIES EXPORT_NAME ${name})
  if(ROOM_HOT)
    target_compile_options(bart_${name} PRIVATE $<$<CONFIG:Debug>:-O1>)
  else()
    target_compile_definitions(bart_${name} PRIVATE _GLIBCXX_ASSERTIONS)
  endif()
  if(ROOM_COLD)
    target_compile_options(bart_${name} PRIVATE $<$<CONFIG:Release>:-O1>)
  endif()
  set(root ${PROJECT_BINARY_DIR}/include/${name})
  file(MAKE_DIRECTORY ${root}/bart)
  file(CREATE_LINK ${PROJECT_SOURCE_DIR}/include/bart/${name} ${root}/bart/${name} SYMBOLIC)
  target_include_directories(bart_${name} PUBLIC $<BUILD_INTERFACE:${root}>
                                                 $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
  list(TRANSFORM ROOM_ROOMS PREPEND bart_)
  target_link_libraries(bart_${name} PUBLIC ${ROOM_ROOMS} ${ROOM_LIBRARIES} PRIVATE ${ROOM_PRIVATE_LIBRARIES}
                                                                                   $<BUILD_INTERFACE:bart_options>)
  set_property(GLOBAL APPEND PROPERTY BART_ROOMS bart_${name})
endfunction()

# A test program of a room, registered test by test. Tests of what READS foreign bytes are those that continuous
# integration runs under AddressSanitizer too, those of what is THREADED are run under ThreadSanitizer.
#
# A test's own code runs once and is not optimized: it compiles in less than half the time. Where it COMPUTES what the
# room is held against, it is optimized a little. The rooms are as ever.
#
#   bart_test(NAME [READS] [THREADED] [COMPUTES] SOURCES a_test.cpp ... APART b_test.cpp ... ROOMS pictures ...
#             LIBRARIES libs ...)
function(bart_test name)
  cmake_parse_arguments(TEST "READS;THREADED;COMPUTES" "" "SOURCES;APART;ROOMS;LIBRARIES" ${ARGN})
  add_executable(${name} ${TEST_SOURCES} ${TEST_APART})
  set_source_files_properties(${TEST_APART} PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
  if(TEST_COMPUTES)
    target_compile_options(${name} PRIVATE $<$<CONFIG:Release>:-O1>)
  else()
    target_compile_options(${name} PRIVATE "$<$<NOT:$<CONFIG:Debug>>:-O0;-U_FORTIFY_SOURCE>")
  endif()
  list(TRANSFORM TEST_ROOMS PREPEND bart_)
  target_link_libraries(${name} PRIVATE ${TEST_ROOMS} ${TEST_LIBRARIES} bart_test_places bart_options GTest::gmock
                                        GTest::gtest_main)
  set(label room)
  if(TEST_READS)
    string(APPEND label "+reads")
    add_dependencies(readers ${name})
  endif()
  if(TEST_THREADED)
    string(APPEND label "+threaded")
    add_dependencies(threaded ${name})
  endif()
  # No parameters' values in the names: the value of a struct would be its bytes.
  gtest_discover_tests(${name} DISCOVERY_MODE PRE_TEST NO_PRETTY_VALUES
                       PROPERTIES TIMEOUT 900 LABELS ${label} ${BART_TEST_ENVIRONMENT})
endfunction()
