// bart evaluate knows which pictures a model was trained on, and which model is of which training.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <nlohmann/json.hpp>

#include "bart/formats/pth.h"
#include "bart/formats/weights_fingerprint.h"
#include "bart/pictures/encode_png.h"
#include "bart/platform/files.h"
#include "evaluate_drawn.h"

namespace bart {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

/// The IEEE 754 binary16 nearest to a value of normal size, ties to even.
std::uint16_t half_of(float value) {
  const int exponent = std::max(value == 0 ? -14 : std::ilogb(value), -14);
  const auto steps = static_cast<int>(std::nearbyint(std::ldexp(std::abs(value), 10 - exponent)));
  return static_cast<std::uint16_t>((std::signbit(value) ? 0x8000 : 0) + (exponent + 14) * 1024 + steps);
}

/// The nearest bfloat16 of a finite value, ties to even.
std::uint16_t bfloat16_of(float value) {
  const int exponent = value == 0 ? 0 : std::ilogb(value);
  const float nearest = std::ldexp(std::nearbyint(std::ldexp(value, 7 - exponent)), exponent - 7);
  return static_cast<std::uint16_t>(std::bit_cast<std::uint32_t>(nearest) >> 16);
}

/// A safetensors file with every tensor as floats of 16 bits, as PyTorch saves a model after model.half() or
/// model.bfloat16().
std::vector<std::uint8_t> all_in_16_bits(const StateDict& state, const char* type,
                                         std::uint16_t (*rounded)(float)) {
  json header;
  std::vector<std::uint8_t> data;
  for (const Tensor& tensor : state) {
    const std::size_t begin = data.size();
    const auto add = [&](double value) {
      const std::uint16_t bits = rounded(static_cast<float>(value));
      data.insert(data.end(), {static_cast<std::uint8_t>(bits), static_cast<std::uint8_t>(bits >> 8)});
    };
    std::visit([&](const auto& values) { std::ranges::for_each(values, add); }, tensor.values);
    header[tensor.name] = {{"dtype", type}, {"shape", tensor.shape}, {"data_offsets", {begin, data.size()}}};
  }
  const std::string text = header.dump();
  std::vector<std::uint8_t> file(8);
  for (int i = 0; i < 8; ++i)
    file[static_cast<std::size_t>(i)] = static_cast<std::uint8_t>(text.size() >> 8 * i);
  file.insert(file.end(), text.begin(), text.end());
  file.insert(file.end(), data.begin(), data.end());
  return file;
}

TEST_F(EvaluateDrawn, TrainingPicturesAreKnownByContentWhereverTheyLie) {
  const json before = evaluated({});
  fs::rename(here() / "faces", here() / "moved");
  EXPECT_THAT(evaluate({"moved"}).err, HasSubstr("trained on 19 of 24 pictures (79 %)"));
  const json test = evaluated({"moved", "--split", "test"});
  EXPECT_EQ(test["pictures"], 5);
  EXPECT_EQ(test["confusion"], before["confusion"]);
  EXPECT_EQ(test["test_pictures_only"], true);
  EXPECT_EQ(evaluated({"moved", "--split", "train"})["pictures"], 19);
  EXPECT_THAT(evaluate({"moved", "--split", "validation"}).err, HasSubstr("had no validation pictures"));
  // A part of them, under other names.
  fs::remove_all(here() / "moved" / classes_[0]);
  EXPECT_THAT(evaluate({"moved", "--split", "train"}).err, HasSubstr(" of the 19 train pictures"));
  // Pictures that the model was not trained on give no warning.
  ASSERT_EQ(run_bart(here(), {"sample", "fresh", "--classes", "3", "--per-class", "9"}).code, 0);
  for (const std::string& name : classes_) {
    for (const auto& entry : fs::directory_iterator(here() / "fresh" / name)) {
      if (entry.path().filename() != "pic_0008.jpg") fs::remove(entry.path());
    }
  }
  const BartResult fresh = evaluate({"fresh"});
  EXPECT_EQ(fresh.code, 0) << fresh.err;
  EXPECT_THAT(fresh.err, Not(HasSubstr("trained on")));
  fs::remove(here() / "bart-run" / "pictures.csv");
  EXPECT_EQ(evaluate({"moved", "--split", "test"}).code, 1);
}

TEST_F(EvaluateDrawn, AModelIsJudgedOnTheTestPicturesOfItsOwnTrainingAlone) {
  const auto train_with = [&](const std::string& seed, const std::string& out) {
    const BartResult result = run_bart(here(), {"train", "faces", "--epochs", "1", "--image-size", "32",
                                                "--bs", "8", "--no-report", "--seed", seed, "--out", out});
    EXPECT_EQ(result.code, 0) << result.err;
  };
  train_with("1", "a");
  train_with("2", "b");
  fs::copy(here() / "a/BART-10M.pth", here() / "b/first.pth");
  const auto expect_unknown = [&](const std::string& model) {
    for (const std::vector<std::string>& arguments :
         std::vector<std::vector<std::string>>{{"evaluate", "--model", model},
                                               {"evaluate", "faces", "--split", "test", "--model", model},
                                               {"audit", "faces", "--image-size", "32", "--model", model}}) {
      const BartResult result = run_bart(here(), arguments);
      EXPECT_EQ(result.code, 1) << model;
      EXPECT_THAT(result.err, HasSubstr("b/bart-run did not write b/")) << testing::PrintToString(arguments);
    }
    const BartResult folder = evaluate({"faces", "--model", model});
    EXPECT_EQ(folder.code, 0) << folder.err;
    EXPECT_THAT(folder.err, AllOf(HasSubstr("It is not known which of these pictures b/"),
                                  Not(HasSubstr("The model was trained on"))));
  };
  expect_unknown("b/first.pth");
  fs::copy_file(here() / "b/first.pth", here() / "b/BART-10M.pth", fs::copy_options::overwrite_existing);
  expect_unknown("b");

  // What was exported is known by its weights, also when another training has taken the place of its own.
  std::vector<std::string> models = {"a/BART-10M.onnx", "a/half.onnx", "a/half.safetensors", "a/taken.pth"};
  for (const std::vector<std::string>& flags : std::vector<std::vector<std::string>>{
           {}, {"--out", "a/half.onnx", "--half"}, {"--out", "a/half.safetensors", "--half"}}) {
    std::vector<std::string> arguments = {"export", "--model", "a"};
    arguments.insert(arguments.end(), flags.begin(), flags.end());
    ASSERT_EQ(run_bart(here(), arguments).code, 0);
  }
  const StateDict state = decode_pth(read_file(here() / "a/BART-10M.pth"));
  write_file(here() / "a/taken.pth", encode_pth(state));
  models.push_back("a/bfloat16.safetensors");
  write_file(here() / models.back(), all_in_16_bits(state, "BF16", bfloat16_of));
  models.push_back("a/all-half.safetensors");
  write_file(here() / models.back(), all_in_16_bits(state, "F16", half_of));
  const json before = evaluated({"--model", "a"});
  const auto expect_the_first = [&] {
    for (const std::string& model : models) {
      const json now = evaluated({"--model", model});
      EXPECT_EQ(now["folder"], before["folder"]) << model;
      EXPECT_EQ(now["per_class"].size(), before["per_class"].size()) << model;
      for (std::size_t c = 0; c < 3; ++c)
        EXPECT_EQ(now["per_class"][c]["support"], before["per_class"][c]["support"]) << model;
      EXPECT_THAT(evaluate({"--model", model}).err, Not(HasSubstr("trained on"))) << model;
    }
  };
  expect_the_first();
  // Older records know the weights by another hash, in which only some are rounded.
  std::string record = file_text(here() / "a/bart-run/run.json");
  const std::string new_hash = fmt::format("{:016x}", weights_fingerprint(state));
  ASSERT_NE(record.find(new_hash), std::string::npos);
  std::string older = record;
  older.replace(older.find(new_hash), 16, fmt::format("{:016x}", older_weights_fingerprint(state)));
  write_file(here() / "a/bart-run/run.json", older);
  models.pop_back();
  expect_the_first();
  write_file(here() / "a/bart-run/run.json", record);
  models.push_back("a/all-half.safetensors");
  train_with("3", "a");
  expect_the_first();
  train_with("4", "a");
  for (const std::string& model : models) {
    const BartResult result = evaluate({"--model", model});
    EXPECT_EQ(result.code, 1) << model;
    EXPECT_THAT(result.err, HasSubstr("a/bart-run did not write " + model));
  }
}

TEST_F(EvaluateDrawn, AModelBehindALinkIsOfTheTrainingThatTheLinkLeadsTo) {
  fs::create_directories(here() / "links");
  fs::create_symlink(here() / "BART-10M.pth", here() / "links/m.pth");
  fs::create_symlink(here() / "BART-10M.pth", here() / "links/BART-10M.pth");
  for (const std::string model : {"links/m.pth", "links"}) {
    EXPECT_EQ(evaluated({"--model", model})["test_pictures_only"], true) << model;
    EXPECT_THAT(evaluate({"faces", "--model", model}).err, HasSubstr("The model was trained on")) << model;
  }
  fs::create_symlink(here() / "label_encoder.joblib", here() / "links/label_encoder.joblib");
  EXPECT_EQ(evaluated({"--model", "links"})["test_pictures_only"], true);
  // A copy has no record beside it.
  fs::create_directories(here() / "copy");
  fs::copy_file(here() / "BART-10M.pth", here() / "copy/m.pth");
  EXPECT_THAT(
      evaluate({"faces", "--model", "copy/m.pth"}).err,
      HasSubstr("It is not known which of these pictures copy/m.pth was trained on: there is no record"));
}

TEST_F(EvaluateDrawn, ATrainingThatGoesOnIsSaidToHaveTheModelSoFar) {
  const fs::path record = here() / "bart-run/run.json";
  std::string text = file_text(record);
  const std::string finished = "\"status\": \"finished\"";
  ASSERT_NE(text.find(finished), std::string::npos);
  text.replace(text.find(finished), finished.size(), "\"status\": \"interrupted\"");
  write_file(record, text);
  EXPECT_THAT(evaluate({}).err, AllOf(HasSubstr("has not ended: these are the figures of its model so far"),
                                      Not(HasSubstr("an earlier one"))));
}

TEST_F(EvaluateDrawn, TestPicturesThatAreTrainingPicturesAreSaidToBe) {
  fs::create_directories(here() / "set");
  for (const char* part : {"train", "val", "test"})
    fs::copy(here() / "faces", here() / "set" / part, fs::copy_options::recursive);
  for (const std::vector<std::string>& data : std::vector<std::vector<std::string>>{
           {"set"}, {"faces", "--test-folder", "set/test", "--validation-folder", "set/val"}}) {
    fs::remove_all(here() / "s");
    std::vector<std::string> arguments = {"train", "--epochs", "1", "--image-size", "32", "--bs",
                                          "8",     "--out",    "s"};
    arguments.insert(arguments.begin() + 1, data.begin(), data.end());
    const BartResult trained = run_bart(here(), arguments);
    EXPECT_EQ(trained.code, 0) << trained.err;
    for (const std::string& text : {trained.err, file_text(here() / "s/bart-run/run.json")}) {
      EXPECT_THAT(text,
                  AllOf(HasSubstr("24 of the 24 validation pictures (100.0 %) are training pictures, too"),
                        HasSubstr("24 of the 24 test pictures (100.0 %) are training pictures, too")));
    }
    EXPECT_THAT(file_text(here() / "s/bart-run/model_card.md"),
                HasSubstr(data.size() == 1
                              ? std::string("Split: the test pictures are the data set's own; the validation "
                                            "pictures are the data set's own.")
                              : fmt::format("Split: the test pictures are those of the folder {0}/test; the "
                                            "validation pictures are those of the folder {0}/val.",
                                            (here() / "set").string())));
    for (const char* page : {"model_card.md", "report.html"}) {
      const fs::path file = here() / "s/bart-run" / page;
      EXPECT_THAT(file_text(file), Not(HasSubstr("Seed of the split"))) << page;
      EXPECT_THAT(file_text(file), Not(HasSubstr("original, seed"))) << page;
    }
    const BartResult test = evaluate({"set", "--split", "test", "--model", "s"});
    EXPECT_EQ(test.code, 0) << test.err;
    EXPECT_THAT(test.out, HasSubstr("on the 24 test pictures"));
    EXPECT_THAT(test.err, HasSubstr("also trained on 24 of these 24 test pictures (100 %)"));
    EXPECT_THAT(evaluate({"--model", "s"}).err, HasSubstr("of these 24 test pictures (100 %)"));
  }
  EXPECT_THAT(train(0), Not(HasSubstr("are training pictures, too")));
}

TEST_F(EvaluateDrawn, ATestPictureOfTheSameSizeWithOtherPixelsIsRefused) {
  train(1);
  const fs::path picture = test_picture();
  const std::vector<std::uint8_t> before = read_file(picture);
  std::vector<std::uint8_t> other = encode_png(Picture{8, 8, std::vector<std::uint8_t>(8 * 8 * 3, 200)});
  ASSERT_LT(other.size(), before.size());
  other.resize(before.size());  // a reader stops where the picture ends
  write_file(picture, other);
  for (const char* command : {"evaluate", "report"}) {
    const BartResult result = run_bart(here(), {command});
    EXPECT_EQ(result.code, 1) << command;
    EXPECT_EQ(result.out, "");
    EXPECT_THAT(result.err, HasSubstr("1 of the 5 test pictures in")) << command;
    EXPECT_THAT(result.err, HasSubstr("have changed since the training")) << command;
  }
  write_file(picture, before);
  EXPECT_EQ(evaluate({}).code, 0);
}

TEST_F(EvaluateDrawn, ThatNoPictureIsOfThePartIsSaid) {
  ASSERT_EQ(run_bart(here(), {"sample", "fresh", "--classes", "3", "--per-class", "8", "--seed", "5"}).code,
            0);
  const BartResult result = evaluate({"fresh", "--split", "test"});
  EXPECT_EQ(result.code, 1);
  EXPECT_THAT(result.err, HasSubstr("none of the 24 pictures of fresh is one of the 5 test pictures of the "
                                    "training, by its content"));
}

TEST_F(EvaluateDrawn, PicturesThatAreNotTurnedAreKnownAllTheSame) {
  // "Turn me by 90 degrees", as a camera writes it between the first two bytes of a JPEG and the rest.
  const std::string exif(
      "\xff\xe1\x00\x22"
      "Exif\0\0"
      "MM\0*\0\0\0\x08"
      "\0\x01"
      "\x01\x12\0\x03\0\0\0\x01\0\x06\0\0"
      "\0\0\0\0",
      36);
  for (const auto& entry : fs::recursive_directory_iterator(here() / "faces")) {
    if (!entry.is_regular_file()) continue;
    std::string bytes = file_text(entry.path());
    ASSERT_EQ(bytes.substr(0, 2), "\xff\xd8");
    write_file(entry.path(), bytes.insert(2, exif));
  }
  train(0);
  const BartResult stored = evaluate({"faces", "--ignore-exif"});
  EXPECT_THAT(stored.err, HasSubstr("trained on 19 of 24 pictures (79 %)"));
  EXPECT_NE(evaluated({"faces", "--ignore-exif"})["loss"], evaluated({"faces"})["loss"]);
  EXPECT_EQ(evaluated({"faces", "--split", "test", "--ignore-exif"})["pictures"], 5);
  EXPECT_EQ(evaluated({"faces", "--split", "test", "--ignore-exif"})["loss"],
            evaluated({"--ignore-exif"})["loss"]);
  const BartResult audited = run_bart(here(), {"audit", "faces", "--ignore-exif", "--model", "."});
  EXPECT_EQ(audited.code, 0) << audited.err;
  EXPECT_THAT(audited.out, HasSubstr("(of 5 judged)"));
}

}  // namespace
}  // namespace bart
