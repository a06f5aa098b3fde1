# cmake -D compiler= -D room= -D rooms=<in order> -D includes=<of the room> -D headers= -D scratch= -P check_room.cmake
cmake_minimum_required(VERSION 3.25)
list(REMOVE_ITEM includes "")
list(TRANSFORM includes PREPEND -I)

# find(<result> <name> HEADER...): whether a file of this room that includes the headers finds them.
function(find result name)
  list(TRANSFORM ARGN REPLACE "(.+)" "#include \"\\1\"\n" OUTPUT_VARIABLE lines)
  list(JOIN lines "" text)
  file(WRITE ${scratch}/${name}.cpp "${text}")
  execute_process(COMMAND ${compiler} -std=c++20 -M ${includes} ${scratch}/${name}.cpp
                  RESULT_VARIABLE status ERROR_VARIABLE errors OUTPUT_QUIET)
  set(${result} ${status} PARENT_SCOPE)
  set(errors "${errors}" PARENT_SCOPE)
endfunction()

file(GLOB own RELATIVE ${headers}/.. ${headers}/${room}/*.h)
if(own)
  find(status ${room} ${own})
  if(NOT status EQUAL 0)
    message(FATAL_ERROR "${room} cannot include its own headers:\n${errors}")
  endif()
endif()

string(REGEX REPLACE "^(.*;)?${room}(;|$)" "" later "${rooms}")
foreach(other ${later})
  # One header stands for its room: a room's include root is one folder.
  file(GLOB header RELATIVE ${headers}/.. ${headers}/${other}/*.h)
  if(NOT header)
    continue()
  endif()
  list(GET header 0 header)
  find(status ${room}_${other} ${header})
  if(status EQUAL 0)
    message(FATAL_ERROR "a file of ${room} can include ${header}, against the arrows")
  elseif(NOT errors MATCHES "${header}")
    message(FATAL_ERROR "${header} was refused for another reason than its name:\n${errors}")
  endif()
endforeach()
