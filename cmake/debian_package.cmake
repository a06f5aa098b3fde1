# CPack runs this over the files of a Debian package before it packs them: manual pages, changelog and copyright as
# Debian's policy wants them (chapter 12).
set(root ${CPACK_TEMPORARY_INSTALL_DIRECTORY}${CPACK_PACKAGING_INSTALL_PREFIX})
set(told ${root}/share/doc/${CPACK_PACKAGE_NAME})
file(MAKE_DIRECTORY ${told})
file(READ ${root}/share/doc/bart/LICENSE license)
file(READ ${root}/share/doc/bart/LICENSE.unifont font_license)
file(WRITE ${told}/copyright "${license}\n\n${font_license}")
file(COPY_FILE ${root}/share/doc/bart/CHANGELOG.md ${told}/changelog)
file(GLOB pages ${root}/share/man/man1/*.1)
execute_process(COMMAND gzip -9n ${pages} ${told}/changelog COMMAND_ERROR_IS_FATAL ANY)
