// Evaluates a trained model on a folder with one sub-folder per class, through BART's library.
//
//   build/examples/evaluate BART-10M.pth FOLDER

#include <bart/model/model.h>

#include <cstdio>

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: evaluate MODEL FOLDER\n");
    return 2;
  }
  try {
    const bart::Model model = bart::Model::load(argv[1]);
    const bart::Evaluation evaluation = model.evaluate(argv[2]).evaluation;
    std::printf("%s", bart::classification_report_text(evaluation.report, model.classes()).c_str());
    std::printf("accuracy %.4f, macro F1 %.4f, loss %.4f\n", evaluation.report.accuracy,
                evaluation.report.macro.f1, evaluation.loss);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "evaluate: %s\n", error.what());
    return 1;
  }
}
