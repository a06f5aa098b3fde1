# cmake -D compiler= -D room= -D includes=<of the room> -D definitions= -D public_only= -D source_dir= -D scratch= -P check_headers.cmake
# Each public header of a room compiles by itself, in whatever order others include it; unless public_only=ON, each private one, too.
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
