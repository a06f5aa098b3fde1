#pragma once

#include <CLI/App.hpp>
#include <functional>
#include <string>

namespace bart {

/// What main() runs once the whole command line is understood. Returns the exit code.
using Run = std::function<int()>;

// Each function adds one command to the program: its flags, help and examples. Parsing the command sets
// `run`.
void add_train_command(CLI::App& program, Run& run, const std::string& command_line);
void add_predict_command(CLI::App& program, Run& run);
void add_evaluate_command(CLI::App& program, Run& run);
void add_recipe_command(CLI::App& program, Run& run);
void add_report_command(CLI::App& program, Run& run);
void add_explain_command(CLI::App& program, Run& run);
void add_compare_command(CLI::App& program, Run& run);
void add_export_command(CLI::App& program, Run& run);
void add_convert_command(CLI::App& program, Run& run);
void add_inspect_command(CLI::App& program, Run& run);
void add_audit_command(CLI::App& program, Run& run);
void add_apply_command(CLI::App& program, Run& run);
void add_lr_find_command(CLI::App& program, Run& run);
void add_tune_command(CLI::App& program, Run& run);
void add_bench_command(CLI::App& program, Run& run);
void add_serve_command(CLI::App& program, Run& run);
void add_summary_command(CLI::App& program, Run& run);
void add_sample_command(CLI::App& program, Run& run);
void add_completion_command(CLI::App& program, Run& run);
void add_man_command(CLI::App& program, Run& run);

}  // namespace bart
