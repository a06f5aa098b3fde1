# `cmake --install`: the program, the rooms as static libraries, their public headers and a CMake package, so that
# find_package(bart) gives bart::bart and each room as bart::<room>.
include(CMakePackageConfigHelpers)

get_property(rooms GLOBAL PROPERTY BART_ROOMS)
list(REMOVE_ITEM rooms bart_cli)  # the program's own, without public headers

add_library(bart_library INTERFACE)
add_library(bart::bart ALIAS bart_library)
set_target_properties(bart_library PROPERTIES EXPORT_NAME bart)
target_link_libraries(bart_library INTERFACE ${rooms})
target_compile_features(bart_library INTERFACE cxx_std_20)

set(package_folder ${CMAKE_INSTALL_LIBDIR}/cmake/bart)
configure_package_config_file(cmake/bartConfig.cmake.in bartConfig.cmake INSTALL_DESTINATION ${package_folder})
write_basic_package_version_file(bartConfigVersion.cmake COMPATIBILITY SameMinorVersion)

install(TARGETS bart)
install(TARGETS bart_library ${rooms} EXPORT bartTargets)
install(EXPORT bartTargets NAMESPACE bart:: DESTINATION ${package_folder})
install(FILES ${PROJECT_BINARY_DIR}/bartConfig.cmake ${PROJECT_BINARY_DIR}/bartConfigVersion.cmake
        DESTINATION ${package_folder})
install(DIRECTORY include/bart TYPE INCLUDE FILES_MATCHING PATTERN "*.h")
install(FILES LICENSE README.md TYPE DOC)
install(DIRECTORY docs TYPE DOC FILES_MATCHING PATTERN "*.md")
