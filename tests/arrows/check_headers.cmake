# cmake -D compiler= -D room= -D includes=<of the room> -D definitions= -D public_only= -D source_dir= -D scratch= -P check_headers.cmake
# Each public header of a room compiles by itself, in whatever order others include it; with public_only=OFF each private
# one, too. With ON those are left out that their own source includes first, which shows the same where each file is
# compiled by itself (preset debug).
cmake_minimum_required(VERSION 3.25)
list(REMOVE_ITEM includes "")
list(TRANSFORM includes PREPEND -I)
list(REMOVE_ITEM definitions "")
list(TRANSFORM definitions PREPEND -D)

file(GLOB headers ${source_dir}/include/bart/${room}/*.h)
if(NOT public_only)
  file(GLOB more ${source_dir}/src/${room}/*.h)
  list(APPEND headers ${more})
endif()
set(failed "")
foreach(header ${headers})
  get_filename_component(name ${header} NAME_WE)
  set(source ${source_dir}/src/${room}/${name}.cpp)
  if(public_only AND EXISTS ${source})
    file(STRINGS ${source} first REGEX "^#include" LIMIT_COUNT 1)
    if(first STREQUAL "#include \"bart/${room}/${name}.h\"")
      continue()
    endif()
  endif()
  file(WRITE ${scratch}/alone_${room}_${name}.cpp "#include \"${header}\"\n")
  # Kernels for one instruction set are compiled for it.
  execute_process(COMMAND ${compiler} -std=c++20 -fsyntax-only -fopenmp -march=x86-64-v4 -mavx512bf16 -I${source_dir}/src/${room}
                          ${definitions} ${includes} ${scratch}/alone_${room}_${name}.cpp
                  RESULT_VARIABLE status ERROR_VARIABLE errors)
  if(NOT status EQUAL 0)
    string(APPEND failed "${header}:\n${errors}\n")
  endif()
endforeach()
if(failed)
  message(FATAL_ERROR "headers that do not compile by themselves:\n${failed}")
endif()
