#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace bart {

/// What is to be done with a picture.
struct Decision {
  enum class Action { keep, move, remove };
  std::string file;  // relative to the folder of the data set
  Action action = Action::keep;
  std::string to = {};  // the class that the picture is moved to
};

/// A file of decisions, as the page of an audit saves it.
struct Decisions {
  std::filesystem::path folder;  // of the data set
  std::vector<Decision> decisions;
};

/// Decodes a file of decisions. Throws Error ("is not a file of decisions: …", a sentence that begins with
/// the file's name) for anything else.
Decisions decode_decisions(std::span<const std::uint8_t> json);

/// What applying or undoing has done.
struct Applied {
  std::size_t kept = 0, moved = 0, removed = 0;
  bool already = false;              // everything had been done before, so nothing was touched
  std::filesystem::path folder;      // of the data set
  std::filesystem::path removed_to;  // FOLDER-removed, beside it
};

/// Applies the decisions in the file `decisions`: moves pictures to the folder of another class, or out of
/// the data set into FOLDER-removed beside it, where they keep their path. Nothing is deleted or replaced:
/// where a name is taken, the picture gets another one ("7-2.jpg"). Only pictures of the data set are
/// touched, as list_folder() lists them, and none that a link leads to outside the folder.
///
/// Before the first picture is moved, a journal is written and synced, FOLDER-removed/HASH.json, HASH being
/// that of the decisions. After a crash the same call goes on with the journal; a call after the end does
/// nothing. `folder` replaces the folder that the file names, if the data set has been moved; empty: it has
/// not. Throws Error before anything is touched when a decision is impossible, and when a picture cannot be
/// moved.
Applied apply_decisions(const std::filesystem::path& decisions, const std::filesystem::path& folder = {});

/// Moves everything back to where it was, by the journal. Throws Error when these decisions were not applied,
/// and, after the others were moved back, when some pictures are gone or their old names are taken.
Applied undo_decisions(const std::filesystem::path& decisions, const std::filesystem::path& folder = {});

}  // namespace bart
