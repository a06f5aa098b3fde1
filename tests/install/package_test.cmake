# cmake -D build= -D cpack= -D dpkg_deb= -D version= -D readelf= -D bart= -D scratch= -P package_test.cmake
cmake_minimum_required(VERSION 3.25)

if(NOT dpkg_deb)
  message(STATUS "skipped: no dpkg-deb here")
  return()
endif()

include(${CMAKE_CURRENT_LIST_DIR}/run.cmake)

file(REMOVE_RECURSE ${scratch})
file(MAKE_DIRECTORY ${scratch})
run(${cpack} -G DEB --config ${build}/CPackConfig.cmake -B ${scratch})
file(GLOB package ${scratch}/*.deb)
run(${dpkg_deb} --field ${package} Version)
if(NOT output STREQUAL "${version}\n")
  message(FATAL_ERROR "the package has the version ${output}")
endif()
# Every library that the program is linked to is installed with the package: Depends names a package that holds it.
run(${dpkg_deb} --field ${package} Depends)
string(REGEX REPLACE " *\\([^)]*\\)" "" depends "${output}")
string(REGEX REPLACE "[,|\n ]+" ";" depends "${depends}")
run(${readelf} --dynamic ${bart})
string(REGEX MATCHALL "NEEDED[^\n]*\\[[^]]+\\]" libraries "${output}")
if(NOT libraries)
  message(FATAL_ERROR "no library in\n${output}")
endif()
foreach(library ${libraries})
  string(REGEX REPLACE ".*\\[(.*)\\]" "\\1" library "${library}")
  run(dpkg-query --search */${library})
  string(REGEX MATCHALL "[^\n]+" owners "${output}")
  list(TRANSFORM owners REPLACE ":.*" "")
  set(named FALSE)
  foreach(owner ${owners})
    if(owner IN_LIST depends)
      set(named TRUE)
    endif()
  endforeach()
  if(NOT named)
    message(FATAL_ERROR "${library} of ${owners} is not in the package's Depends: ${depends}")
  endif()
endforeach()

run(${dpkg_deb} --extract ${package} ${scratch}/root)
run(${scratch}/root/usr/bin/bart --version)
if(NOT output STREQUAL "bart ${version}\n")
  message(FATAL_ERROR "bart --version said ${output}")
endif()
foreach(file IN ITEMS
  share/man/man1/bart-train.1.gz
  share/doc/bart-trainer/copyright
  share/doc/bart-trainer/changelog.gz
  share/bash-completion/completions/bart
  include/bart/platform/error.h)
  if(NOT EXISTS ${scratch}/root/usr/${file})
    message(FATAL_ERROR "${file} is not in the package")
  endif()
endforeach()
