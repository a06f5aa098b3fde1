// What decisions do to a folder, and what they cannot do.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <nlohmann/json.hpp>

#include "bart/audit/decisions.h"
#include "bart/platform/error.h"
#include "bart/platform/files.h"
#include "scratch_folder.h"

namespace bart {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using testing::HasSubstr;

class ApplyDecisions : public testing::Test {
 protected:
  void SetUp() override {
    for (const char* file : {"cat/1.jpg", "cat/2.jpg", "cat/deep/3.jpg", "dog/1.jpg", "dog/4.jpg"}) {
      scratch_.write("pets/" + std::string(file), file);
    }
  }
  fs::path here() const { return scratch_.path(); }
  fs::path pets() const { return here() / "pets"; }
  fs::path decided(const json& decisions, const char* name = "decisions.json") const {
    write_file(here() / name,
               json{{"version", 1}, {"folder", pets().string()}, {"decisions", decisions}}.dump());
    return here() / name;
  }
  static json move(const char* file, const char* to) {
    return {{"file", file}, {"action", "move"}, {"to", to}};
  }
  static json removal(const char* file) { return {{"file", file}, {"action", "remove"}}; }
  /// Every file below `folder` and its content, without the journal and the lock.
  static std::map<std::string, std::string> files_in(const fs::path& folder) {
    std::map<std::string, std::string> files;
    if (!fs::exists(folder)) return files;
    for (const auto& entry : fs::recursive_directory_iterator(folder)) {
      const std::string name = entry.path().lexically_relative(folder).string();
      if (!entry.is_regular_file() || name == "lock" || name.ends_with(".json")) continue;
      const auto bytes = read_file(entry.path());
      files[name] = {bytes.begin(), bytes.end()};
    }
    return files;
  }
  std::string refusal(const fs::path& decisions) const {
    try {
      apply_decisions(decisions);
    } catch (const Error& error) {
      return error.what();
    }
    return "none";
  }

  test::ScratchFolder scratch_;
};

TEST_F(ApplyDecisions, MoveAndRemoveWithoutReplacingAnythingAndBack) {
  const auto before = files_in(pets());
  const fs::path decisions = decided({move("cat/1.jpg", "dog"),
                                      removal("cat/deep/3.jpg"),
                                      {{"file", "cat/2.jpg"}, {"action", "keep"}},
                                      move("dog/4.jpg", "dog")});
  const Applied done = apply_decisions(decisions);
  EXPECT_EQ(done.moved, 1u);
  EXPECT_EQ(done.removed, 1u);
  EXPECT_EQ(done.kept, 2u);  // to be moved to its own class is to be kept
  EXPECT_EQ(files_in(pets()), (std::map<std::string, std::string>{{"cat/2.jpg", "cat/2.jpg"},
                                                                  {"dog/1.jpg", "dog/1.jpg"},
                                                                  {"dog/1-2.jpg", "cat/1.jpg"},
                                                                  {"dog/4.jpg", "dog/4.jpg"}}));
  EXPECT_EQ(files_in(here() / "pets-removed"),
            (std::map<std::string, std::string>{{"cat/deep/3.jpg", "cat/deep/3.jpg"}}));
  EXPECT_TRUE(apply_decisions(decisions).already);

  EXPECT_EQ(undo_decisions(decisions).moved, 1u);
  EXPECT_EQ(files_in(pets()), before);
  EXPECT_TRUE(files_in(here() / "pets-removed").empty());
  EXPECT_TRUE(undo_decisions(decisions).already);
  EXPECT_FALSE(apply_decisions(decisions).already);  // and once more
  EXPECT_EQ(files_in(pets()).size(), 4u);
}

TEST_F(ApplyDecisions, OfASplitStayInTheirPart) {
  for (const char* file : {"train/cat/1.jpg", "train/dog/2.jpg", "test/cat/3.jpg"}) {
    scratch_.write("split/" + std::string(file), file);
  }
  write_file(here() / "d.json", json{{"version", 1},
                                     {"folder", (here() / "split").string()},
                                     {"decisions", json::array({move("test/cat/3.jpg", "dog")})}}
                                    .dump());
  apply_decisions(here() / "d.json");
  EXPECT_TRUE(fs::exists(here() / "split/test/dog/3.jpg"));
  undo_decisions(here() / "d.json");
  EXPECT_TRUE(fs::exists(here() / "split/test/cat/3.jpg"));
  EXPECT_FALSE(fs::exists(here() / "split/test/dog"));  // which applying had made
}

TEST_F(ApplyDecisions, AreRefusedBeforeAnythingIsTouchedWhenOneIsImpossible) {
  scratch_.write("outside.jpg", "outside");
  scratch_.write("elsewhere/5.jpg", "elsewhere");
  fs::create_directory_symlink(here() / "elsewhere", pets() / "cat" / "linked");
  scratch_.write("aviary/6.jpg", "aviary");
  fs::create_directory_symlink(here() / "aviary", pets() / "bird");
  const auto before = files_in(here());
  const std::pair<json, const char*> hostile[] = {
      {removal("../outside.jpg"), "is not a picture of the data set"},
      {removal("cat/../../outside.jpg"), "is not a picture of the data set"},
      {removal((here() / "outside.jpg").string().c_str()), "is not a picture of the data set"},
      {removal("cat/9.jpg"), "is not a picture of the data set"},
      {removal("cat"), "is not a picture of the data set"},
      {removal("cat/linked/5.jpg"), "is a link"},
      {move("cat/2.jpg", "../elsewhere"), "is not a class of the data set"},
      {move("cat/2.jpg", "bird"), "is a link"},
      {move("cat/2.jpg", "fish"), "is not a class of the data set"},
      {{{"file", "cat/2.jpg"}, {"action", "delete"}}, "neither keep nor move nor remove"},
      {{{"file", "cat/2.jpg"}, {"action", "move"}}, "has no \"to\""},
      {{{"file", 7}, {"action", "keep"}}, "has no \"file\""},
      {{{"file", std::string("cat/2.jpg\0", 10)}, {"action", "remove"}}, "holds a null byte"},
  };
  for (const auto& [decision, sentence] : hostile) {
    EXPECT_THAT(refusal(decided({removal("cat/1.jpg"), decision})), HasSubstr(sentence)) << decision;
    EXPECT_EQ(files_in(here()), before);
  }
  EXPECT_THAT(refusal(decided({removal("cat/1.jpg"), removal("cat/1.jpg")})), HasSubstr("two decisions"));
  for (const char* text : {"", "[", "{}", "[1]", R"({"version":2,"folder":"x","decisions":[]})",
                           R"({"version":1,"folder":"x","decisions":{}})"}) {
    write_file(here() / "broken.json", std::string_view(text));
    EXPECT_THAT(refusal(here() / "broken.json"), HasSubstr("broken.json is not a file of decisions"));
  }
  EXPECT_EQ(files_in(here()), before);
  EXPECT_FALSE(fs::exists(here() / "pets-removed"));
}

/// The only journal in pets-removed.
fs::path journal_in(const fs::path& folder) {
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.path().extension() == ".json") return entry.path();
  }
  return {};
}

json read_json(const fs::path& path) {
  return json::parse(read_file(path));
}

TEST_F(ApplyDecisions, GoOnAfterACrashAndAreTakenBackAfterOne) {
  const auto before = files_in(pets());
  const fs::path decisions =
      decided({move("cat/1.jpg", "dog"), removal("cat/2.jpg"), move("dog/4.jpg", "cat")});
  apply_decisions(decisions);
  const auto after = files_in(pets());
  const fs::path path = journal_in(here() / "pets-removed");
  json journal = read_json(path);
  EXPECT_EQ(journal["state"], "applied");
  // As if the process had been killed after the first of the three.
  const auto as_if_killed = [&] {
    fs::rename(pets() / "cat/4.jpg", pets() / "dog/4.jpg");
    fs::rename(here() / "pets-removed/cat/2.jpg", pets() / "cat/2.jpg");
    journal["state"] = "applying";
    write_file(path, journal.dump());
  };
  as_if_killed();
  EXPECT_EQ(apply_decisions(decisions).moved, 2u);
  EXPECT_EQ(files_in(pets()), after);
  as_if_killed();
  undo_decisions(decisions);
  EXPECT_EQ(files_in(pets()), before);
}

TEST_F(ApplyDecisions, SayWhatCouldNotBeMovedBackAndMoveTheOthers) {
  const fs::path decisions = decided({removal("cat/1.jpg"), removal("cat/2.jpg")});
  apply_decisions(decisions);
  scratch_.write("pets/cat/2.jpg", "another picture");
  try {
    undo_decisions(decisions);
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(),
                testing::AllOf(HasSubstr("1 of 2 pictures"), HasSubstr("cat/2.jpg already exists")));
  }
  EXPECT_EQ(files_in(pets()).at("cat/1.jpg"), "cat/1.jpg");
  EXPECT_EQ(files_in(pets()).at("cat/2.jpg"), "another picture");
  EXPECT_EQ(files_in(here() / "pets-removed").at("cat/2.jpg"), "cat/2.jpg");
  fs::rename(pets() / "cat/2.jpg", here() / "aside.jpg");
  undo_decisions(decisions);  // goes on
  EXPECT_EQ(files_in(pets()).at("cat/2.jpg"), "cat/2.jpg");
}

TEST_F(ApplyDecisions, ThatAPictureIsGoneIsSaidAndIsTheEndOfTakingBack) {
  const fs::path decisions = decided(json::array({removal("cat/1.jpg"), removal("cat/2.jpg")}));
  apply_decisions(decisions);
  fs::remove(here() / "pets-removed/cat/2.jpg");
  try {
    undo_decisions(decisions);
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), testing::AllOf(HasSubstr("1 of 2 pictures"), HasSubstr("cat/2.jpg is gone")));
  }
  EXPECT_EQ(files_in(pets()).at("cat/1.jpg"), "cat/1.jpg");
  EXPECT_TRUE(undo_decisions(decisions).already);
  EXPECT_THAT(refusal(decisions), HasSubstr("cat/2.jpg is not a picture of the data set"));
}

TEST_F(ApplyDecisions, DistrustTheirJournal) {
  const fs::path decisions = decided(json::array({removal("cat/1.jpg")}));
  apply_decisions(decisions);
  scratch_.write("outside.jpg", "outside");
  const fs::path path = journal_in(here() / "pets-removed");
  json journal = read_json(path);
  journal["created"] = {"dog/4.jpg"};  // a file is no folder to remove
  write_file(path, journal.dump());
  undo_decisions(decisions);
  EXPECT_TRUE(fs::exists(pets() / "dog/4.jpg"));
  journal["moves"] = {{{"from", "../outside.jpg"}, {"to", "cat/1.jpg"}, {"removed", true}}};
  journal["state"] = "applying";
  write_file(path, journal.dump());
  EXPECT_THAT(refusal(decisions), HasSubstr("is not a journal of bart apply"));
  EXPECT_TRUE(fs::exists(here() / "outside.jpg"));
  journal["moves"] = json::array();
  for (const json& kept : {json(-1), json(1e300), json("1"), json(1.5)}) {
    journal["kept"] = kept;
    write_file(path, journal.dump());
    EXPECT_THAT(refusal(decisions), HasSubstr("is not a journal of bart apply")) << kept;
  }
}

TEST_F(ApplyDecisions, AreForAFolder) {
  EXPECT_THROW(undo_decisions(decided(json::array({removal("cat/1.jpg")}))), Error);  // was never applied
  fs::rename(pets(), here() / "animals");
  EXPECT_THAT(refusal(decided(json::array({removal("cat/1.jpg")}))),
              HasSubstr("name the folder where the data set is now"));
  EXPECT_EQ(apply_decisions(decided(json::array({removal("cat/1.jpg")})), here() / "animals").removed, 1u);
  EXPECT_TRUE(fs::exists(here() / "animals-removed/cat/1.jpg"));
}

}  // namespace
}  // namespace bart
