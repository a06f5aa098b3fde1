# CPack reads this before it packs: what has not been built makes no package.
if(CPACK_BART_CUDA_PLUGIN AND NOT EXISTS ${CPACK_BART_CUDA_PLUGIN})
  list(REMOVE_ITEM CPACK_COMPONENTS_ALL cuda)
endif()
