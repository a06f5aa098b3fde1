#include <fmt/format.h>
#include <gmock/gmock.h>

#include <tuple>
#include <utility>

#include "bart/dataset/listing.h"
#include "bart/platform/error.h"
#include "scratch_folder.h"

namespace bart {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::ThrowsMessage;

class ListCsv : public testing::Test {
 protected:
  /// "file label part", as far as there is a part.
  std::vector<std::string> rows(const std::string& content, const fs::path& root = {}) {
    listing_ = {};
    scratch_.write("list.csv", content);
    listing_ = list_csv(scratch_.path() / "list.csv", root);
    std::vector<std::string> rows;
    for (const ListedPicture& picture : listing_.pictures) {
      const std::string part(name_of(picture.part));
      rows.push_back(picture.file + " " + listing_.classes.at(static_cast<std::size_t>(picture.label)) +
                     (part.empty() ? "" : " " + part));
    }
    return rows;
  }
  void expect_refused(const std::string& content, const std::string& words) {
    EXPECT_THAT([&] { rows(content); }, ThrowsMessage<Error>(AllOf(HasSubstr("list.csv"), HasSubstr(words))))
        << content;
  }

  test::ScratchFolder scratch_;
  Listing listing_;
};

TEST_F(ListCsv, RowsKeepTheirOrderAndClassesAreSorted) {
  EXPECT_THAT(rows("z.jpg,marge\nsub/a.jpg,homer\nb.jpg,marge\n"),
              ElementsAre("z.jpg marge", "sub/a.jpg homer", "b.jpg marge"));
  EXPECT_THAT(listing_.classes, ElementsAre("homer", "marge"));
  EXPECT_EQ(listing_.folder, scratch_.path());
  EXPECT_THAT(listing_.warnings, IsEmpty());
}

TEST_F(ListCsv, AHeaderNamesTheColumns) {
  EXPECT_THAT(rows("id,Label,Filename,Split\n1,a,x.jpg,TRAIN\n2,b,y.jpg,val\n3,b,z.jpg,\n"),
              ElementsAre("x.jpg a train", "y.jpg b validation", "z.jpg b"));
  // Without a header, the first row is a picture.
  scratch_.write("img");
  EXPECT_THAT(rows("img,y\nx.jpg,a\n"), ElementsAre("img y", "x.jpg a"));
}

TEST_F(ListCsv, QuotesSeparatorsAndLineEndsOfTheWorld) {
  EXPECT_THAT(rows("\xEF\xBB\xBF"
                   "file,label\r\n\"a, \"\"b\"\".jpg\",\"two\nlines\"\r\n\r\nc.jpg,d"),
              ElementsAre("a, \"b\".jpg two\nlines", "c.jpg d"));
  EXPECT_THAT(rows("file;label\nx, y.jpg;a\nz.jpg;b\n"), ElementsAre("x, y.jpg a", "z.jpg b"));
  EXPECT_THAT(rows("x.jpg\ta b\ny.jpg\tc"), ElementsAre("x.jpg a b", "y.jpg c"));
}

TEST_F(ListCsv, TheFirstLineMaySayTheSeparator) {
  EXPECT_THAT(rows("sep=,\r\nfile,label\r\nx.jpg,a\r\ny.jpg,b\r\n"), ElementsAre("x.jpg a", "y.jpg b"));
  EXPECT_THAT(rows("\xEF\xBB\xBFsep=;\nx,1.jpg;a\ny,1.jpg;b\n"), ElementsAre("x,1.jpg a", "y,1.jpg b"));
  EXPECT_THAT(rows("sep=\t\nx.jpg\ta,b\ny.jpg\tc"), ElementsAre("x.jpg a,b", "y.jpg c"));
  expect_refused("sep=,\nx.jpg,a\ny.jpg\n", "line 3: y.jpg has no label");
  expect_refused("sep=,", "holds no picture");
}

TEST_F(ListCsv, TheFirstLineMayNameTheSeparatorInAnyCaseAndQuoted) {
  for (const char* line : {"SEP=;", "Sep=;", "\"sep=;\"", "\"SEP=;\"\r"})
    EXPECT_THAT(rows(fmt::format("{}\nx,1.jpg;a\ny,1.jpg;b\n", line)), ElementsAre("x,1.jpg a", "y,1.jpg b"));
}

TEST_F(ListCsv, LinesThatEndWithCarriageReturnsAloneAreNoPartOfALabel) {
  const std::string why = "end with a carriage return alone, as on old Macs";
  expect_refused("file,label\rx.jpg,a\ry.jpg,b\n", "line 1: lines that " + why);
  expect_refused("file,label\r\nx.jpg,a\ry.jpg,b\r\n", "line 2: lines that " + why);
  expect_refused("\"x.jpg\",\"a\"\r\"y.jpg\",\"b\"\n", "line 1: lines that " + why);
  EXPECT_THAT(rows("file,label\r\r\nx.jpg,a\r\r\n\"y.jpg\",\"b\"\r\r\n"), ElementsAre("x.jpg a", "y.jpg b"));
}

TEST_F(ListCsv, TheMarkOfTheEndOfADosFileIsNoPicture) {
  EXPECT_THAT(rows("x.jpg,a\r\ny.jpg,b\r\n\x1A"), ElementsAre("x.jpg a", "y.jpg b"));
  EXPECT_THAT(rows("x.jpg,a\r\ny.jpg,b\x1A"), ElementsAre("x.jpg a", "y.jpg b"));
  expect_refused("\x1A", "holds no picture");
}

TEST_F(ListCsv, AFirstColumnOfRowNamesThatTheHeaderLeavesOutIsPassedOver) {
  EXPECT_THAT(
      rows("\"file\",\"label\",\"split\"\n\"1\",\"x.jpg\",\"a\",\"train\"\n\"2\",\"y.jpg\",\"b\",\"test\"\n"),
      ElementsAre("x.jpg a train", "y.jpg b test"));
  EXPECT_THAT(rows("label\tfile\tphase\n1\ta\tx.jpg\ttrain\n2\tb\ty.jpg\tval\n"),
              ElementsAre("x.jpg a train", "y.jpg b validation"));
  // A further column without a name is no name of a row.
  EXPECT_THAT(rows("file,label\nx.jpg,a,\ny.jpg,b,\n"), ElementsAre("x.jpg a", "y.jpg b"));
}

TEST_F(ListCsv, PathsStartAtTheRoot) {
  EXPECT_THAT(rows("x.jpg,a\n/abs/y.jpg,b\n", "/data"), ElementsAre("x.jpg a", "/abs/y.jpg b"));
  EXPECT_EQ(listing_.folder, "/data");
  EXPECT_EQ(listing_.folder / listing_.pictures[1].file, "/abs/y.jpg");
}

TEST_F(ListCsv, ARepeatedRowIsPassedOver) {
  EXPECT_THAT(rows("x.jpg,a\ny.jpg,b\nx.jpg,a\n"), ElementsAre("x.jpg a", "y.jpg b"));
  EXPECT_EQ(passed_over_sentence(listing_.passed_over), "Passed over 1 file or folder: 1 named twice");
}

TEST_F(ListCsv, BadRowsAreRefusedWithTheirLine) {
  expect_refused("x.jpg,a\ny.jpg,b\nx.jpg,b\n", "line 3: x.jpg is named in line 1 with another label");
  expect_refused("x.jpg,a\ny.jpg\n", "line 2: y.jpg has no label");
  expect_refused("x.jpg,a\n,b\n", "line 2: it names no picture");
  expect_refused("x.jpg,\"a\ny.jpg,b\n", "line 1: a quote is not closed");
  expect_refused("x.jpg,\"a\"b\ny.jpg,b\n", "line 1: after a closing quote");
  expect_refused("file,label,split\nx.jpg,a,maybe\n", "line 2: \"maybe\" is not a part of a split");
  expect_refused("x.jpg,a\ny.jpg,caf\xE9\n", "line 2: the label is not valid UTF-8");
  expect_refused("x.jpg,a\ny.jpg," + std::string(1001, 'b'), "line 2: a label of more than 1000 bytes");
  expect_refused(std::string("x.jpg,a\ny\0.jpg,b\n", 17), "line 2: the name of a file");
  expect_refused(std::string("x.jpg,a\ny.jpg,b\0\n", 17), "line 2: a label cannot hold a zero byte");
  expect_refused(std::string("x.jpg,a\ny.jpg,\0b\n", 17), "line 2: a label cannot hold a zero byte");
  expect_refused("", "holds no picture");
  expect_refused("file,label\n", "holds no picture");
  expect_refused("x.jpg,a\ny.jpg,a\n", "at least 2 classes");
  expect_refused("x.jpg,K\u00F6ln\ny.jpg,Ko\u0308ln\n", "once composed and once decomposed");
}

TEST_F(ListCsv, WhatATableCannotMeanIsRefused) {
  expect_refused("file,label,class\nx.jpg,a,1\ny.jpg,b,2\n",
                 "line 1: the header names two columns of labels, label and class");
  expect_refused("path,file,label\nx.jpg,x.jpg,a\ny.jpg,y.jpg,b\n", "two columns of files, path and file");
  expect_refused("a,x.jpg\na,y.jpg\nb,z.jpg\n", "line 1: a looks like a label, and x.jpg like a file");
  expect_refused("data\\a\\x.jpg,a\ny.jpg,b\n",
                 "data\\a\\x.jpg is no file: write paths with / instead of \\");
  expect_refused(std::string("\xFF\xFEx\0,\0a\0", 8), "the text is UTF-16: save it as UTF-8");
  expect_refused("file,label\rx.jpg,a\ry.jpg,b\r", "its lines end with a carriage return alone");
  expect_refused("x.jpg,a\ry.jpg,b", "its lines end with a carriage return alone");
  scratch_.write("od\\d.jpg");  // a name may hold a backslash
  EXPECT_THAT(rows("od\\d.jpg,a\ny.jpg,b\n"), ElementsAre("od\\d.jpg a", "y.jpg b"));
}

TEST_F(ListCsv, RowsWithoutAPartBesideOthersAreAWarning) {
  rows("file,label,split\nx.jpg,a,train\ny.jpg,b,\nz.jpg,b,test\n");
  EXPECT_THAT(listing_.warnings, ElementsAre(HasSubstr("list.csv that name no part of the split: 1 of 3.")));
  rows("file,label,split\nx.jpg,a,\ny.jpg,b,\n");
  EXPECT_THAT(listing_.warnings, IsEmpty());
  EXPECT_EQ(source_of(listing_), (scratch_.path() / "list.csv").string());
}

TEST_F(ListCsv, AColumnOfPartsIsTheSplitWhateverItIsCalled) {
  EXPECT_THAT(rows("file,label,fold\na.jpg,x,train\nb.jpg,y,Test\n"),
              ElementsAre("a.jpg x train", "b.jpg y test"));
  EXPECT_THAT(rows("a.jpg,x,train\nb.jpg,y,val\nc.jpg,y,train\n"),
              ElementsAre("a.jpg x train", "b.jpg y validation", "c.jpg y train"));
  EXPECT_THAT(rows("file,label,is_valid\na.jpg,x,True\nb.jpg,y,False\n"),
              ElementsAre("a.jpg x validation", "b.jpg y train"));
  // These name no parts, or only one.
  EXPECT_THAT(rows("file,label,fold\na.jpg,x,1\nb.jpg,y,2\n"), ElementsAre("a.jpg x", "b.jpg y"));
  EXPECT_THAT(rows("file,label,mode\na.jpg,x,train\nb.jpg,y,train\n"), ElementsAre("a.jpg x", "b.jpg y"));
  EXPECT_THAT(rows("file,label,note\na.jpg,x,train\nb.jpg,y,test\nc.jpg,y,blurred\n"),
              ElementsAre("a.jpg x", "b.jpg y", "c.jpg y"));
  expect_refused("file,label,fold,phase\na.jpg,x,train,test\nb.jpg,y,test,train\n",
                 "the columns 3 and 4 both name parts of a split");
}

TEST_F(ListCsv, YesAndNoInAnySpellingAreTheSplitOfAColumnThatIsNamedLikeAPart) {
  for (const auto& [yes, no] :
       {std::pair{"yes", "no"}, {"Y", "n"}, {"t", "F"}, {"1.0", "0.0"}, {"1", "0"}, {"TRUE", "False"}}) {
    for (const char* name : {"is_valid", "Is Validation", "isVal"}) {
      EXPECT_THAT(rows(fmt::format("file,label,{}\na.jpg,x,{}\nb.jpg,y,{}\n", name, yes, no)),
                  ElementsAre("a.jpg x validation", "b.jpg y train"));
      EXPECT_THAT(listing_.warnings, IsEmpty());
    }
  }
  EXPECT_THAT(rows("file,label,is_test\na.jpg,x,1.0\nb.jpg,y,0.0\nc.jpg,y,\n"),
              ElementsAre("a.jpg x test", "b.jpg y train", "c.jpg y"));
  EXPECT_THAT(listing_.warnings, ElementsAre(HasSubstr("list.csv that name no part of the split: 1 of 3.")));
  EXPECT_THAT(rows("file,label,is_valid\na.jpg,x,1\nb.jpg,y,\n"),
              ElementsAre("a.jpg x validation", "b.jpg y"));
  EXPECT_THAT(listing_.warnings, ElementsAre(HasSubstr("list.csv that name no part of the split: 1 of 2.")));
  expect_refused("file,label,is_valid\na.jpg,x,1\nb.jpg,y,maybe\n",
                 "line 3: \"maybe\" does not say whether the picture is for validation: write 1 or 0");
  expect_refused("file,label,is_test\na.jpg,x,2\nb.jpg,y,0\n", "line 2: \"2\" does not say");
}

TEST_F(ListCsv, AColumnThatResemblesASplitIsAWarning) {
  const auto expect_warning = [&](const std::string& content, const std::string& words) {
    rows(content);
    EXPECT_THAT(listing_.warnings, ElementsAre(AllOf(HasSubstr("list.csv: the column"), HasSubstr(words))))
        << content;
    EXPECT_FALSE(has_parts(listing_)) << content;
  };
  for (const char* name : {"is_train", "is training", "train", "Valid", "val", "validation", "TEST"}) {
    expect_warning(fmt::format("file,label,{}\na.jpg,x,yes\nb.jpg,y,no\n", name),
                   fmt::format("the column {} looks like a split and is not used: if a split is meant, write "
                               "train, validation or test",
                               name));
  }
  expect_warning("file,label,is_train,train,val\na.jpg,x,x,1.0,0\nb.jpg,y,,0.0,1\n",
                 "the columns is_train, train, val look like a split and are not used");
  expect_warning("file,label,is_valid\na.jpg,x,1\nb.jpg,y,1\n", "the column is_valid looks like");
  expect_warning(
      "emotion,file,Usage,label\n1,a.jpg,Training,x\n2,b.jpg,PublicTest,y\n3,c.jpg,PrivateTest,y\n",
      "the column Usage looks like");
  expect_warning("a.jpg,x,train_set\nb.jpg,y,test_set\n", "the column 3 looks like");
  for (const auto& [one, other] : {std::pair{"train", "dev"},
                                   {"trainset", "holdout"},
                                   {"train", "eval"},
                                   {"test", ""},
                                   {"Train 1", "test-2"}}) {
    expect_warning(fmt::format("file,label,fold\na.jpg,x,{}\nb.jpg,y,{}\n", one, other),
                   "the column fold looks");
  }
  expect_warning("file,label,dataset\na.jpg,x,train\nb.jpg,y,val\nc.jpg,y,other\n",
                 "the column dataset looks");
  for (const auto& [name, one, other] : {std::tuple{"fold", "1", "2"},
                                         {"kfold", "0", "4"},
                                         {"KFold", "0", "4"},
                                         {"partition", "0", "2"},
                                         {"test_set", "True", "False"},
                                         {"is_holdout", "1", "0"},
                                         {"holdout", "x", ""},
                                         {"is_train_val", "1", "0"},
                                         {"isTrainingImage", "1", "0"},
                                         {"Dataset Usage", "0", "1"},
                                         {"subset_id", "A", "B"},
                                         {"cv-split", "a", "b"}}) {
    expect_warning(fmt::format("file,label,{}\na.jpg,x,{}\nb.jpg,y,{}\n", name, one, other),
                   fmt::format("the column {} looks", name));
  }
  // A vehicle, a number, words of a description, what stands beside a column that is called the split.
  for (const char* content :
       {"file,label,vehicle\na.jpg,x,train\nb.jpg,y,bus\n", "file,label,folder\na.jpg,x,1\nb.jpg,y,2\n",
        "file,label,test_score\na.jpg,x,31\nb.jpg,y,77\nc.jpg,y,5\nd.jpg,y,8\n",
        "file,label,fold\na.jpg,x,1\nb.jpg,y,1\n",
        "file,label,value,tested\na.jpg,x,valley,yes\nb.jpg,y,trainer,no\n",
        "file,label,says\na.jpg,x,the old train comes late\nb.jpg,y,test of an old car\n",
        "file,label,test\na.jpg,x,0.31\nb.jpg,y,0.77\n",
        "file,label,split,is_valid\na.jpg,x,train,maybe\nb.jpg,y,test,no\n"}) {
    rows(content);
    EXPECT_THAT(listing_.warnings, IsEmpty()) << content;
  }
}

TEST_F(ListCsv, OtherSpellingsOfAPathNameTheSamePicture) {
  const std::string here = scratch_.path().string();
  EXPECT_THAT(rows("d/a.jpg,x\n./d/a.jpg,x\n" + here + "/d/a.jpg,x\nd/../d//a.jpg,x\nb.jpg,y\n"),
              ElementsAre("d/a.jpg x", "b.jpg y"));
  EXPECT_EQ(listing_.passed_over.size(), 3u);
  expect_refused("d/a.jpg,x\n" + here + "/d/a.jpg,y\n", "line 2");
  expect_refused("file,label,split\nd/a.jpg,x,train\n./d/../d/a.jpg,x,test\n", "line 3");
}

TEST_F(ListCsv, ALinkGivesNoPictureASecondLabelOrPart) {
  for (const char* file : {"a/1.jpg", "a/2.jpg", "b/3.jpg"}) scratch_.write(file);
  fs::create_symlink("../a/1.jpg", scratch_.path() / "b/link.jpg");
  fs::create_directory_symlink("a", scratch_.path() / "c");
  fs::create_hard_link(scratch_.path() / "a/2.jpg", scratch_.path() / "b/2.jpg");
  expect_refused("a/1.jpg,x\nb/3.jpg,y\nb/link.jpg,y\n",
                 "a/1.jpg and b/link.jpg lead to one file, and have different labels or parts: remove one");
  expect_refused("c/1.jpg,x\nb/3.jpg,y\na/1.jpg,y\n", "c/1.jpg and a/1.jpg lead to one file");
  expect_refused("file,label,split\na/1.jpg,x,train\nb/3.jpg,y,test\nc/1.jpg,x,test\n",
                 "a/1.jpg and c/1.jpg lead");
  EXPECT_THAT(rows("a/1.jpg,x\nb/link.jpg,x\nb/3.jpg,y\na/2.jpg,x\nb/2.jpg,y\n"),
              ElementsAre("a/1.jpg x", "b/link.jpg x", "b/3.jpg y", "a/2.jpg x", "b/2.jpg y"));
}

TEST_F(ListCsv, SpacesAroundAFieldDoNotCount) {
  EXPECT_THAT(rows("file, label ,\tsplit\na b.jpg , x y ,train\nb.jpg,  \"y, z\" , test\r\n"),
              ElementsAre("a b.jpg x y train", "b.jpg y, z test"));
}

TEST_F(ListCsv, DataIsAFolderOrATable) {
  for (const char* file : {"data/a/1.jpg", "data/b/1.jpg", "more.csv/a/1.jpg", "more.csv/b/1.jpg"})
    scratch_.write(file);
  scratch_.write("list.CSV", "data/b/1.jpg,second\ndata/a/1.jpg,first\n");
  EXPECT_EQ(list_data(scratch_.path() / "list.CSV").pictures.front().file, "data/b/1.jpg");
  EXPECT_EQ(list_data(scratch_.path() / "data").pictures.front().file, "a/1.jpg");
  EXPECT_EQ(list_data(scratch_.path() / "more.csv").pictures.front().file, "a/1.jpg");
  EXPECT_THAT([&] { list_data(scratch_.path() / "data/a/1.jpg"); },
              ThrowsMessage<Error>(AllOf(HasSubstr("1.jpg is not a folder"), HasSubstr("or a .csv file"))));
  EXPECT_THAT([&] { list_data(scratch_.path() / "none.csv"); }, ThrowsMessage<Error>(HasSubstr("none.csv")));
}

TEST_F(ListCsv, AMissingFileIsNamed) {
  EXPECT_THAT([&] { list_csv(scratch_.path() / "none.csv"); }, ThrowsMessage<Error>(HasSubstr("none.csv")));
}

TEST_F(ListCsv, AHeaderWithUnknownNamesIsNoPictureAndNoClass) {
  expect_refused("id,name\n1.jpg,a\n2.jpg,b\n", "if the row is a header, name its columns file and label");
  scratch_.write("id");  // a picture of that name is one
  EXPECT_THAT(rows("id,name\n1.jpg,a\n"), ElementsAre("id name", "1.jpg a"));
}

}  // namespace
}  // namespace bart
