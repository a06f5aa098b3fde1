# cmake -D build= -D examples= -D scratch= -D generator= -D compiler= -D flags= -P install_test.cmake
cmake_minimum_required(VERSION 3.25)

include(${CMAKE_CURRENT_LIST_DIR}/run.cmake)

file(REMOVE_RECURSE ${scratch})
set(prefix ${scratch}/prefix)
run(${CMAKE_COMMAND} --install ${build} --prefix ${prefix})

set(bart ${prefix}/bin/bart)
run(${bart} sample ${scratch}/faces --classes 2 --per-class 5)
run(${bart} train ${scratch}/faces --bs 4 --max-steps 1 --out ${scratch}/model)
set(model ${scratch}/model/BART-10M.pth)
set(labels ${scratch}/model/label_encoder.joblib)
file(GLOB pictures ${scratch}/faces/*/*.jpg)
list(SORT pictures)
list(LENGTH pictures count)
if(NOT count EQUAL 10)
  message(FATAL_ERROR "the sample has ${count} pictures, not 10")
endif()

run(${CMAKE_COMMAND} -S ${examples} -B ${scratch}/examples -G ${generator} -D CMAKE_BUILD_TYPE=Release
    -D CMAKE_CXX_COMPILER=${compiler} -D CMAKE_CXX_FLAGS=${flags} -D CMAKE_PREFIX_PATH=${prefix})
run(${CMAKE_COMMAND} --build ${scratch}/examples)

# The first example says what the program says.
run(${bart} predict ${pictures} --model ${model} --labels ${labels} --format text --out -)
set(expected "${output}")
run(${scratch}/examples/predict ${model} ${pictures})
string(REGEX REPLACE " \\([0-9.]+ %\\)" "" found "${output}")
if(NOT found STREQUAL expected)
  message(FATAL_ERROR "bart predict says\n${expected}\nthe example says\n${output}")
endif()

# expect(WHAT PATTERN): the last output has it.
function(expect what pattern)
  if(NOT output MATCHES "${pattern}")
    message(FATAL_ERROR "${what} said:\n${output}")
  endif()
endfunction()

# The second gives the figures of bart evaluate.
run(${bart} evaluate ${scratch}/faces --model ${model} --labels ${labels} --json)
string(JSON accuracy GET "${output}" accuracy)
run(${scratch}/examples/evaluate ${model} ${scratch}/faces)
expect("evaluate" "accuracy ${accuracy}0*, macro F1 [0-9.]+, loss [0-9.]+")

# The third trains a model that the program takes.
run(${scratch}/examples/train ${scratch}/faces ${scratch}/own.pth ${scratch}/own.joblib)
expect("train" "step 2: loss [0-9.]+, 8 of 8 pictures\nepoch 1: accuracy ")
run(${bart} predict ${pictures} --model ${scratch}/own.pth --labels ${scratch}/own.joblib --format text --out -)
expect("bart predict" "faces/")

# Completions and manual pages are where a shell and man(1) look for them.
foreach(file share/man/man1/bart.1 share/man/man1/bart-train.1 share/bash-completion/completions/bart
             share/zsh/site-functions/_bart share/fish/vendor_completions.d/bart.fish)
  if(NOT EXISTS ${prefix}/${file})
    message(FATAL_ERROR "${file} is not installed")
  endif()
endforeach()
