# cmake -D bart= -D to= -P tell.cmake: writes the manual pages and completions that the program prints into the folder `to`.
cmake_minimum_required(VERSION 3.25)

function(tell file)
  execute_process(COMMAND ${bart} ${ARGN} OUTPUT_FILE ${to}/${file} COMMAND_ERROR_IS_FATAL ANY)
endfunction()

file(MAKE_DIRECTORY ${to})
execute_process(COMMAND ${bart} man OUTPUT_VARIABLE page COMMAND_ERROR_IS_FATAL ANY)
string(REGEX MATCHALL "fBbart\\\\-[a-z-]+" commands "${page}")
list(REMOVE_DUPLICATES commands)
foreach(command ${commands})
  string(REPLACE "fBbart\\-" "" name "${command}")
  tell(bart-${name}.1 man ${name})
endforeach()
tell(bart.bash completion bash)
tell(_bart completion zsh)
tell(bart.fish completion fish)
tell(bart.1 man)  # the last
