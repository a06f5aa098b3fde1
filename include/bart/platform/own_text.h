#pragma once

#include <filesystem>
#include <string>

namespace bart {

/// `text`, of Markdown or HTML, and a comment with its fingerprint, by which BART knows a text that it wrote
/// from one that a person wrote or changed, wherever the file is copied to.
std::string with_fingerprint(std::string text);

/// Whether there is such a file, and its text is not as BART wrote it. Throws Error.
bool is_text_of_others(const std::filesystem::path& file);

/// Where a file that BART is about to replace or remove is_text_of_others(), copies it to earlier_name().
/// Returns the sentence that says so; empty where there is nothing to keep. Throws Error.
std::string keep_text_of_others(const std::filesystem::path& file);

}  // namespace bart
