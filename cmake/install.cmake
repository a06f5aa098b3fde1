# `cmake --install`: the program, the rooms as static libraries, their public headers and a CMake package, so that
# find_package(bart) gives bart::bart and each room as bart::<room>.
include(CMakePackageConfigHelpers)

# What is installed and packed is what has been built, by `./dev demo` say: no need for all the tests first.
set(CMAKE_SKIP_INSTALL_ALL_DEPENDENCY ON)

get_property(rooms GLOBAL PROPERTY BART_ROOMS)
list(REMOVE_ITEM rooms bart_cli bart_follow)  # the program's own, without public headers

add_library(bart_library INTERFACE)
add_library(bart::bart ALIAS bart_library)
set_target_properties(bart_library PROPERTIES EXPORT_NAME bart)
target_link_libraries(bart_library INTERFACE ${rooms})
target_compile_features(bart_library INTERFACE cxx_std_20)

set(package_folder ${CMAKE_INSTALL_LIBDIR}/cmake/bart)
configure_package_config_file(cmake/bartConfig.cmake.in bartConfig.cmake INSTALL_DESTINATION ${package_folder})
write_basic_package_version_file(bartConfigVersion.cmake COMPATIBILITY SameMinorVersion)

add_dependencies(bart ${rooms})  # whoever builds the program can install all of this
install(TARGETS bart)
install(TARGETS bart_library ${rooms} EXPORT bartTargets)
install(EXPORT bartTargets NAMESPACE bart:: DESTINATION ${package_folder})
install(FILES ${PROJECT_BINARY_DIR}/bartConfig.cmake ${PROJECT_BINARY_DIR}/bartConfigVersion.cmake
        DESTINATION ${package_folder})
install(DIRECTORY include/bart TYPE INCLUDE FILES_MATCHING PATTERN "*.h")
if(TARGET bart_mpi)
  install(TARGETS bart_mpi LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}/bart COMPONENT mpi)
endif()
if(TARGET bart_cuda_plugin)
  # nvcc takes minutes, so that the program alone does not wait for it.
  install(TARGETS bart_cuda_plugin LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}/bart COMPONENT cuda OPTIONAL)
endif()
install(FILES LICENSE LICENSE.unifont README.md CHANGELOG.md TYPE DOC)
install(DIRECTORY docs TYPE DOC FILES_MATCHING PATTERN "*.md" PATTERN "*.png" PATTERN "bart-serve.*")

# What the program says of itself: manual pages and completions. Told when they are installed, for `./dev demo` builds
# the program alone.
set(told ${PROJECT_BINARY_DIR}/told)
install(CODE "execute_process(COMMAND \"${CMAKE_COMMAND}\" -D \"bart=$<TARGET_FILE:bart>\" -D \"to=${told}\"
  -P \"${PROJECT_SOURCE_DIR}/cmake/tell.cmake\" COMMAND_ERROR_IS_FATAL ANY)")
install(DIRECTORY ${told}/ DESTINATION ${CMAKE_INSTALL_MANDIR}/man1 FILES_MATCHING PATTERN "*.1")
install(FILES ${told}/bart.bash DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions RENAME bart)
# Debian's zsh looks into the second folder for packages, every zsh into the first below its own prefix.
foreach(folder site-functions vendor-completions)
  install(FILES ${told}/_bart DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/${folder})
endforeach()
install(FILES ${told}/bart.fish DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d)

# `cpack` in the build folder makes a Debian package of all this, one of the MPI part, which needs an MPI, and one of the part for GPUs,
# which looks for NVIDIA's driver when it is used.
set(CPACK_GENERATOR DEB)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_COMPONENTS_GROUPING IGNORE)
set(CPACK_PACKAGE_NAME bart-trainer)  # Debian has another bart
set(CPACK_DEBIAN_UNSPECIFIED_PACKAGE_NAME ${CPACK_PACKAGE_NAME})
set(CPACK_DEBIAN_MPI_PACKAGE_NAME ${CPACK_PACKAGE_NAME}-mpi)
set(CPACK_DEBIAN_MPI_PACKAGE_DEPENDS "${CPACK_PACKAGE_NAME} (= ${PROJECT_VERSION})")
set(CPACK_COMPONENT_MPI_DESCRIPTION "The part of BART that trains on several computers under mpirun or srun.")
set(CPACK_DEBIAN_CUDA_PACKAGE_NAME ${CPACK_PACKAGE_NAME}-cuda)
set(CPACK_DEBIAN_CUDA_PACKAGE_DEPENDS "${CPACK_PACKAGE_NAME} (= ${PROJECT_VERSION})")
set(CPACK_PROJECT_CONFIG_FILE ${PROJECT_SOURCE_DIR}/cmake/built_parts.cmake)
if(TARGET bart_cuda_plugin)
  set(CPACK_BART_CUDA_PLUGIN ${PROJECT_BINARY_DIR}/src/cuda/libbart-cuda.so)
endif()
set(CPACK_COMPONENT_CUDA_DESCRIPTION "The part of BART that trains on NVIDIA's GPUs.")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY ${PROJECT_DESCRIPTION})
set(CPACK_DEBIAN_UNSPECIFIED_DESCRIPTION
    "BART looks at a folder of pictures, trains a convolutional network on it
on the processor alone, measures how good it is, and puts it to work.
The package holds the program with its manual pages and completions, and the
C++20 library with its CMake package; programs that use the library need the
suggested packages, too.")
set(CPACK_PACKAGE_CONTACT "BART's authors <bart@localhost>")
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION science)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_CONFLICTS bart)
# What find_package(bart) looks for: the development packages that BART itself is built with.
file(STRINGS ${PROJECT_SOURCE_DIR}/cmake/debian-packages.txt libraries REGEX "-dev$")
list(FILTER libraries EXCLUDE REGEX "cli11|gmock|gtest|openmpi")
list(JOIN libraries ", " CPACK_DEBIAN_UNSPECIFIED_PACKAGE_SUGGESTS)
set(CPACK_PRE_BUILD_SCRIPTS ${PROJECT_SOURCE_DIR}/cmake/debian_package.cmake)
set(CPACK_RESOURCE_FILE_LICENSE ${PROJECT_SOURCE_DIR}/LICENSE)
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
include(CPack)
