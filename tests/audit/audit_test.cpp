// An audit of drawn faces: folds, probabilities from each source, and what is written.
#include "bart/audit/audit.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <numeric>

#include "../run/run_fixture.h"
#include "bart/audit/audit_text.h"
#include "bart/formats/csv.h"
#include "bart/pictures/encode_png.h"
#include "bart/platform/error.h"
#include "bart/platform/files.h"
#include "cross_validation.h"

namespace bart {
namespace {

using testing::HasSubstr;

class AuditFaces : public RunTest {
 protected:
  RunSettings settings() const {
    RunSettings one_epoch = RunTest::settings("run");
    one_epoch.epochs = 1;
    return one_epoch;
  }
  /// Probabilities of `p` for the label of each picture, but of 1 - p for the picture `wrong`.
  fs::path probabilities(std::size_t wrong) const {
    const Listing listing = list_folder(faces());
    std::string csv =
        "file,label," + csv_field(listing.classes[0]) + "," + csv_field(listing.classes[1]) + "\n";
    for (std::size_t i = 0; i < listing.pictures.size(); ++i) {
      const bool first = (listing.pictures[i].label == 0) != (i == wrong);
      csv += csv_field(listing.pictures[i].file) + ",x," + (first ? "0.9,0.1" : "0.1,0.9") + "\n";
    }
    write_file(scratch_.path() / "p.csv", csv);
    return scratch_.path() / "p.csv";
  }
};

TEST(AuditFolds, SpreadEachClassAndKeepNearDuplicatesTogether) {
  std::vector<std::int32_t> labels;
  std::vector<std::uint32_t> groups;
  for (std::uint32_t i = 0; i < 40; ++i) {  // class 0: twenty pairs
    labels.push_back(0);
    groups.push_back(i / 2);
  }
  for (std::uint32_t i = 40; i < 50; ++i) {  // class 1: all alike, so that they cannot stay together
    labels.push_back(1);
    groups.push_back(40);
  }
  const auto folds = audit_folds(labels, groups, 5, 10);
  ASSERT_EQ(folds.size(), 5u);
  std::vector<std::uint32_t> all;
  for (const auto& fold : folds) {
    EXPECT_EQ(std::ranges::count_if(fold, [](std::uint32_t i) { return i < 40; }), 8);
    EXPECT_EQ(std::ranges::count_if(fold, [](std::uint32_t i) { return i >= 40; }), 2);
    for (const std::uint32_t i : fold) {
      EXPECT_TRUE(i >= 40 || std::ranges::binary_search(fold, i ^ 1u)) << i;
    }
    all.insert(all.end(), fold.begin(), fold.end());
  }
  std::ranges::sort(all);
  std::vector<std::uint32_t> expected(50);
  std::iota(expected.begin(), expected.end(), 0u);
  EXPECT_EQ(all, expected);
  EXPECT_NE(audit_folds(labels, groups, 5, 11), folds);
}

TEST_F(AuditFaces, CrossValidationJudgesEveryPictureTheSameEachTime) {
  std::size_t last = 0, total = 0;
  const AuditObserver observer{.training = [&](std::size_t done, std::size_t of) {
    EXPECT_GE(done, last);
    last = done;
    total = of;
  }};
  const Audit audit = audit_pictures(faces(), settings(), {.folds = 2}, observer);
  EXPECT_EQ(last, 16u);
  EXPECT_EQ(total, 16u);
  ASSERT_EQ(audit.judged.size(), 16u);
  for (std::size_t k = 0; k < 16; ++k) {
    const auto row = audit.probabilities.row(k);
    EXPECT_NEAR(row[0] + row[1], 1, 1e-6);
    EXPECT_EQ(audit.probabilities.labels[k], audit.inspection.pictures[audit.judged[k]].label);
  }
  EXPECT_THAT(audit.how, HasSubstr("2-fold cross-validation, 1 epoch"));
  // The file gives back the same numbers, and the same list.
  write_file(scratch_.path() / "p.csv", probabilities_csv(audit));
  const Audit again = audit_pictures(faces(), settings(), {.probabilities = scratch_.path() / "p.csv"});
  EXPECT_EQ(again.probabilities.probabilities, audit.probabilities.probabilities);
  ASSERT_EQ(again.label_issues.size(), audit.label_issues.size());
  for (std::size_t k = 0; k < again.label_issues.size(); ++k) {
    EXPECT_EQ(again.label_issues[k].picture, audit.label_issues[k].picture);
  }
}

TEST_F(AuditFaces, AStoppedOneContinuesWithTheTrainingsThatAreNotFinished) {
  const AuditOptions options{.folds = 2, .kept = scratch_.path() / "kept"};
  const std::vector<double> whole =
      audit_pictures(faces(), settings(), {.folds = 2}).probabilities.probabilities;
  struct Stopped {};
  const auto stop_after_the_first = [&] {
    const AuditObserver observer{.fold = [](std::size_t, std::size_t) { throw Stopped(); }};
    EXPECT_THROW(audit_pictures(faces(), settings(), options, observer), Stopped);
  };
  std::size_t trained = 0;
  const AuditObserver counting{.training = [&](std::size_t, std::size_t) { ++trained; }};
  const auto steps_of_the_rest = [&](const RunSettings& asked) {
    trained = 0;
    EXPECT_EQ(audit_pictures(faces(), asked, options, counting).probabilities.probabilities == whole,
              asked == settings());
    return trained;
  };
  stop_after_the_first();
  const fs::path first = options.kept / "fold-1.safetensors";
  const std::vector<std::uint8_t> good = read_file(first);
  EXPECT_EQ(steps_of_the_rest(settings()), 1u);
  EXPECT_EQ(steps_of_the_rest(settings()), 0u);

  RunSettings others = settings();
  others.seed = 11;
  EXPECT_EQ(steps_of_the_rest(others), 2u);
  others = settings();
  others.epochs = 2;
  EXPECT_EQ(steps_of_the_rest(others), 4u);
  EXPECT_EQ(steps_of_the_rest(settings()), 2u);
  EXPECT_EQ(read_file(first), good);

  // A damaged file is not believed.
  std::vector<std::uint8_t> damaged = good;
  damaged.back() ^= 1;
  write_file(first, damaged);
  EXPECT_EQ(steps_of_the_rest(settings()), 1u);
  write_file(first, std::span(good).first(good.size() / 2));
  EXPECT_EQ(steps_of_the_rest(settings()), 1u);

  // Nor are the files of other pictures.
  const Listing listing = list_folder(faces());
  fs::copy_file(faces() / listing.pictures[0].file, faces() / listing.pictures[1].file,
                fs::copy_options::overwrite_existing);
  trained = 0;
  audit_pictures(faces(), settings(), options, counting);
  EXPECT_EQ(trained, 2u);
}

TEST_F(AuditFaces, AModelAndProbabilitiesAreReadBeforeThePictures) {
  const AuditObserver observer{
      .inspecting = [](std::size_t, std::size_t) { ADD_FAILURE() << "a picture was read"; }};
  write_sample(scratch_.path() / "others", {.classes = 3, .per_class = 4});
  train(scratch_.path() / "others", settings());
  for (const AuditOptions& options : {AuditOptions{.model = scratch_.path() / "gone"},
                                      {.model = scratch_.path() / "run"},
                                      {.probabilities = scratch_.path() / "gone.csv"}}) {
    EXPECT_THROW(audit_pictures(faces(), settings(), options, observer), Error);
  }
}

TEST_F(AuditFaces, NamesReachTheListWithoutControlCharacters) {
  const std::string first = list_folder(faces()).pictures[0].file;
  const std::string name = first.substr(0, first.find('/')) + "/\x1b[31mred\u202e.jpg";
  fs::rename(faces() / first, faces() / name);
  std::size_t at = 0;
  for (const Listing listing = list_folder(faces()); listing.pictures[at].file != name;) ++at;
  const Audit audit = audit_pictures(faces(), settings(), {.probabilities = probabilities(at)});
  ASSERT_EQ(audit.label_issues.size(), 1u);
  for (const std::string& text : {audit_csv(audit), audit_text(audit)}) {
    EXPECT_THAT(text, HasSubstr("[31mred"));
    EXPECT_THAT(text, testing::Not(testing::AnyOf(HasSubstr("\x1b"), HasSubstr("\u202e"))));
  }
  // This file is read back.
  write_file(scratch_.path() / "p2.csv", probabilities_csv(audit));
  EXPECT_EQ(audit_pictures(faces(), settings(), {.probabilities = scratch_.path() / "p2.csv"}).judged,
            audit.judged);
}

TEST_F(AuditFaces, SaysWhenTheLabelsBesideProbabilitiesAreOthers) {
  const Audit audit = audit_pictures(faces(), settings(), {.probabilities = probabilities(0)});
  std::string csv = probabilities_csv(audit);
  const auto warnings = [&] {
    write_file(scratch_.path() / "p3.csv", csv);
    std::vector<std::string> said;
    audit_pictures(faces(), settings(), {.probabilities = scratch_.path() / "p3.csv"},
                   {.warning = [&](const std::string& sentence) { said.push_back(sentence); }});
    return said;
  };
  EXPECT_THAT(warnings(), testing::Not(testing::Contains(HasSubstr("another label"))));
  const auto& classes = audit.inspection.classes;
  const std::string label = "," + classes[0].name + ",";
  const std::size_t row = csv.find(label, csv.find('\n'));
  ASSERT_NE(row, std::string::npos);
  csv.replace(row, label.size(), "," + classes[1].name + ",");
  EXPECT_THAT(warnings(), testing::Contains(HasSubstr("1 of the " + std::to_string(audit.judged.size()) +
                                                      " pictures have another label")));
}

TEST_F(AuditFaces, ProbabilitiesOfOtherPicturesWithTheSameNamesAreNotTaken) {
  const Audit audit = audit_pictures(faces(), settings(), {.probabilities = probabilities(0)});
  const std::string known = probabilities_csv(audit);
  write_file(scratch_.path() / "p4.csv", known);
  std::vector<std::string> said;
  const auto again = [&] {
    said.clear();
    return audit_pictures(faces(), settings(), {.probabilities = scratch_.path() / "p4.csv"},
                          {.warning = [&](const std::string& sentence) { said.push_back(sentence); }});
  };
  EXPECT_EQ(again().judged, audit.judged);
  EXPECT_THAT(said, testing::Not(testing::Contains(HasSubstr("passed over"))));

  // Two pictures of different names change places: each has the label that the file says.
  const std::string label = audit.inspection.classes[0].name;
  std::vector<std::string> files;
  for (const InspectedPicture& picture : audit.inspection.pictures)
    if (picture.label == 0) files.push_back(picture.file);
  fs::rename(faces() / files[0], scratch_.path() / "first");
  fs::rename(faces() / files[1], faces() / files[0]);
  fs::rename(scratch_.path() / "first", faces() / files[1]);
  const Audit changed = again();
  EXPECT_EQ(changed.judged.size(), audit.judged.size() - 2);
  for (const std::uint32_t i : changed.judged)
    EXPECT_THAT(std::span(files).first(2),
                testing::Not(testing::Contains(changed.inspection.pictures[i].file)));
  EXPECT_THAT(said, testing::Contains(HasSubstr("2 pictures of ")));

  // Of a picture that was rewritten, too; none is left of another data set.
  for (const InspectedPicture& picture : audit.inspection.pictures) {
    std::vector<std::uint8_t> bytes = read_file(faces() / picture.file);
    bytes.push_back(0);
    write_file(faces() / picture.file, bytes);
  }
  EXPECT_THAT(again, testing::ThrowsMessage<Error>(HasSubstr("are others than those of the same names")));

  // A file of another program does not tell.
  EXPECT_EQ(audit_pictures(faces(), settings(), {.probabilities = probabilities(0)}).judged, audit.judged);
  const std::size_t row = known.find('\n') + 1;
  std::string torn = known;
  torn.replace(known.find(label + ",", row + files[0].size()) + label.size() + 1, 16, "0123");
  write_file(scratch_.path() / "p4.csv", torn);
  EXPECT_THAT(again, testing::ThrowsMessage<Error>(HasSubstr("row 2: 0123 is not the hash of a file")));
}

TEST_F(AuditFaces, AClassMayHaveTheNameOfAColumn) {
  const std::vector<std::string> classes = list_folder(faces()).classes;
  fs::rename(faces() / classes[0], faces() / "bytes_hash");
  fs::rename(faces() / classes[1], faces() / "zoe");
  const Audit audit = audit_pictures(faces(), settings(), {.probabilities = probabilities(0)});
  write_file(scratch_.path() / "p5.csv", probabilities_csv(audit));
  const Audit again = audit_pictures(faces(), settings(), {.probabilities = scratch_.path() / "p5.csv"});
  EXPECT_EQ(again.judged, audit.judged);
  EXPECT_EQ(again.probabilities.probabilities, audit.probabilities.probabilities);
}

TEST_F(AuditFaces, RemovesWhatItKeptAndNothingElse) {
  const fs::path kept = scratch_.path() / "kept";
  audit_pictures(faces(), settings(), {.folds = 2, .kept = kept});
  write_file(kept / "mine.txt", std::string_view("mine"));
  remove_kept_folds(kept);
  EXPECT_FALSE(fs::exists(kept / "fold-1.safetensors"));
  EXPECT_FALSE(fs::exists(kept / "fold-2.safetensors"));
  EXPECT_TRUE(fs::exists(kept / "mine.txt"));
  fs::remove(kept / "mine.txt");
  remove_kept_folds(kept);
  EXPECT_FALSE(fs::exists(kept));
  remove_kept_folds({});
}

TEST_F(AuditFaces, AModelIsAskedOnlyAboutPicturesThatItWasNotTrainedOn) {
  train(faces(), settings());
  const Audit audit = audit_pictures(faces(), settings(), {.model = scratch_.path() / "run"});
  EXPECT_EQ(audit.judged.size(), 4u);  // the test pictures
  for (const Listing listing = list_folder(faces()); const std::uint32_t i : audit.judged) {
    EXPECT_LT(i, listing.pictures.size());
  }
  fs::remove(scratch_.path() / "run/bart-run/pictures.csv");
  EXPECT_THROW(audit_pictures(faces(), settings(), {.model = scratch_.path() / "run"}), Error);
}

TEST_F(AuditFaces, FindsAWrongLabelAndPoorPictures) {
  const std::string first = list_folder(faces()).classes[0];
  Picture dark{.width = 6, .height = 6, .pixels = std::vector<std::uint8_t>(6 * 6 * 3, 20)};
  write_file(faces() / first / "zz_dark.png", encode_png(dark));
  write_file(faces() / first / "zzz_broken.jpg", std::string_view("no picture"));
  const Audit audit = audit_pictures(faces(), settings(), {.probabilities = probabilities(3)});
  ASSERT_EQ(audit.label_issues.size(), 1u);
  const LabelIssue& issue = audit.label_issues[0];
  const std::string& file = audit.inspection.pictures[issue.picture].file;
  EXPECT_EQ(file, list_folder(faces()).pictures[3].file);
  EXPECT_EQ(issue.likely, 1);
  EXPECT_DOUBLE_EQ(issue.label_probability, 0.1);
  const auto names = [&](const std::vector<std::uint32_t>& pictures) {
    std::vector<std::string> files;
    for (const std::uint32_t i : pictures) files.push_back(audit.inspection.pictures[i].file);
    return files;
  };
  const std::vector<std::string> only_dark = {first + "/zz_dark.png"};
  EXPECT_EQ(names(audit.dark), only_dark);
  EXPECT_EQ(names(audit.tiny), only_dark);
  EXPECT_EQ(names(audit.blurred), only_dark);  // it is all of one colour

  const auto rows = csv_rows_of(audit_csv(audit));
  EXPECT_EQ(rows[1][0], "label");
  EXPECT_EQ(rows[1][1], file);
  EXPECT_EQ(rows.back()[0], "unreadable");
  const auto json = nlohmann::json::parse(audit_json(audit));
  EXPECT_EQ(json["label_issues"][0]["file"], file);
  EXPECT_EQ(json["dark"][0]["file"], only_dark[0]);
  const std::string page = audit_page(audit);
  EXPECT_THAT(page, HasSubstr("data-file=\"" + file + "\""));
  EXPECT_THAT(audit_text(audit), HasSubstr("1  probably mislabelled (of 17 judged)"));

  // A list by models that know little is called so.
  for (const double accuracy : {0.49, 0.5}) {
    Audit weak = audit;
    weak.accuracy = accuracy;
    const auto warned = [&](const std::string& text) {
      return text.find("have learned little") != text.npos;
    };
    EXPECT_EQ(warned(audit_text(weak)), accuracy < 0.5);
    EXPECT_EQ(warned(audit_page(weak)), accuracy < 0.5);
  }
}

TEST_F(AuditFaces, ProbabilitiesThatAreNoneAreRefused) {
  const auto refusal = [&](const std::string& csv) -> std::string {
    write_file(scratch_.path() / "bad.csv", csv);
    try {
      audit_pictures(faces(), settings(), {.probabilities = scratch_.path() / "bad.csv"});
    } catch (const Error& error) {
      return error.what();
    }
    return "none";
  };
  const std::vector<std::string> classes = list_folder(faces()).classes;
  const std::string head = "file,label," + classes[0] + "," + classes[1] + "\n";
  EXPECT_THAT(refusal(""), HasSubstr("is not what bart audit writes"));
  EXPECT_THAT(refusal("file,label,a,b\nx,a,1,0\n"), HasSubstr("are not those of the data set"));
  EXPECT_THAT(refusal(head + "x,a,1\n"), HasSubstr("row 2: 3 columns"));
  EXPECT_THAT(refusal(head + "x,a,nan,0\n"), HasSubstr("nan is not a probability"));
  EXPECT_THAT(refusal(head + "x,a,0.9,0.9\n"), HasSubstr("add up to 1.8"));
  EXPECT_THAT(refusal(head + "x,a,1,0\nx,a,1,0\n"), HasSubstr("is there twice"));
  EXPECT_THAT(refusal(head + "x,a,1,0\n"), HasSubstr("names no picture of"));
}

TEST(AuditTexts, RefuseWhatDoesNotFit) {
  Audit good;
  good.inspection.classes.resize(1);
  good.inspection.pictures.resize(1);
  EXPECT_NO_THROW(audit_text(good));
  std::vector<Audit> bad(5, good);
  bad[0].judged = {0};
  bad[1].label_issues.push_back({.picture = 1});
  bad[2].label_issues.push_back({.picture = 0, .likely = 1});
  bad[3].inspection.pictures[0].label = 7;
  bad[4].dark = {1};
  for (const Audit& audit : bad) {
    EXPECT_THROW(audit_text(audit), Error);
    EXPECT_THROW(audit_csv(audit), Error);
    EXPECT_THROW(audit_json(audit), Error);
    EXPECT_THROW(probabilities_csv(audit), Error);
    EXPECT_THROW(audit_page(audit), Error);
  }
}

}  // namespace
}  // namespace bart
