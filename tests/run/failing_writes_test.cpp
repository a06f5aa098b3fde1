// A write that fails in the middle of a training costs nothing that was trained.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "bart/platform/error.h"
#include "bart/record/run_record.h"
#include "run_fixture.h"

namespace bart {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::ThrowsMessage;

class FailingWrites : public RunTest {
 protected:
  RunFolder out() const { return folder("run"); }
};

TEST_F(FailingWrites, AReportThatCannotBeWrittenOnTheWayStopsNoTraining) {
  RunSettings asked = settings("run");
  asked.no_report = false;
  std::vector<std::string> warnings;
  RunObserver observer;
  observer.warning = [&](const std::string& sentence) { warnings.push_back(sentence); };
  observer.epoch = [&](const EpochRecord& epoch) {
    fs::remove_all(out().report());
    if (epoch.epoch == 1) fs::create_directory(out().report());
    return true;
  };
  EXPECT_EQ(train(faces(), asked, observer).record.status, "finished");
  EXPECT_THAT(warnings,
              testing::Contains(AllOf(HasSubstr("The report was not written, and the training goes on"),
                                      HasSubstr("report.html"))));
  EXPECT_TRUE(fs::is_regular_file(out().report()));
}

TEST_F(FailingWrites, ATrainingThatCannotWriteItsStepsSaysHowToGoOn) {
  RunObserver observer;
  observer.epoch = [&](const EpochRecord& epoch) {
    if (epoch.epoch < 2) return true;
    fs::remove(out().steps_csv());
    fs::create_directory(out().steps_csv());
    return true;
  };
  EXPECT_THAT([&] { train(faces(), settings("run"), observer); },
              ThrowsMessage<Error>(AllOf(HasSubstr("steps.csv"), HasSubstr("bart train --resume --out "),
                                         HasSubstr(" goes on from "))));
  EXPECT_EQ(read_run_record(out()).status, "interrupted");
  fs::remove(out().steps_csv());
  EXPECT_EQ(resume(out().results()).record.status, "finished");
}

}  // namespace
}  // namespace bart
