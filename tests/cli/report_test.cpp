// The report of a training as a user gets it, and as Chromium shows it, if Chromium is installed.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <regex>
#include <set>

#include "bart/pictures/decode.h"
#include "bart/platform/files.h"
#include "chromium.h"
#include "csv.h"
#include "run_bart.h"

namespace bart {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

std::size_t occurrences(const std::string& text, const std::string& of) {
  std::size_t count = 0;
  for (std::size_t at = text.find(of); at != std::string::npos; at = text.find(of, at + 1)) ++count;
  return count;
}

class ReportDrawn : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    scratch_ = new ScratchFolder;
    ASSERT_EQ(run_bart(here(), {"sample", "faces", "--classes", "7", "--per-class", "8"}).code, 0);
    fs::rename(first_class(), here() / "faces" / "<b>&日本");
    const BartResult result =
        run_bart(here(), {"train", "faces", "--image-size", "32", "--bs", "8", "--epochs", "3"});
    ASSERT_EQ(result.code, 0) << result.err;
    log_ = result.err;
    page_ = file_text(here() / "bart-run" / "report.html");
  }
  static void TearDownTestSuite() { delete scratch_; }
  static const fs::path& here() { return scratch_->path(); }
  static fs::path first_class() { return fs::directory_iterator(here() / "faces")->path(); }

  static inline ScratchFolder* scratch_ = nullptr;
  static inline std::string log_;
  static inline std::string page_;
};

TEST_F(ReportDrawn, TrainingEndsWithItAndTheCommandMakesTheSamePage) {
  EXPECT_THAT(log_, HasSubstr("Saved ./bart-run/report.html"));
  const BartResult result = run_bart(here(), {"report"});
  ASSERT_EQ(result.code, 0) << result.err;
  EXPECT_EQ(file_text(here() / "bart-run" / "report.html"), page_);
}

TEST_F(ReportDrawn, APageThatCannotBeWrittenIsToldBeforeThePicturesAreRead) {
  const fs::path page = here() / "bart-run/report.html";
  fs::rename(page, here() / "page.html");
  fs::rename(here() / "faces", here() / "elsewhere");
  fs::create_directory(page);
  const BartResult result = run_bart(here(), {"report"});
  fs::remove(page);
  fs::rename(here() / "elsewhere", here() / "faces");
  fs::rename(here() / "page.html", page);
  EXPECT_EQ(result.code, 1);
  EXPECT_THAT(result.err, HasSubstr("cannot write ./bart-run/report.html: it is a folder"));
}

TEST_F(ReportDrawn, TellsTheFiguresThatTheOtherCommandsTell) {
  const json figures = json::parse(run_bart(here(), {"evaluate", "--json", "--bs", "8"}).out);
  const auto percent = [](double share) {
    char text[32];
    std::snprintf(text, sizeof text, "%.1f\u00a0%%", 100 * share);
    return std::string(text);
  };
  EXPECT_THAT(page_, HasSubstr("<strong>" + percent(figures["accuracy"]) + "</strong>"));
  EXPECT_THAT(page_, HasSubstr("<strong>" + percent(figures["top5_accuracy"]) + "</strong>"));
  for (const auto& row : csv_rows(file_text(here() / "bart-run" / "history.csv"))) {
    char cell[32];
    std::snprintf(cell, sizeof cell, "<td class=\"n\">%.4f</td>", std::stod(row[1]));
    EXPECT_THAT(page_, HasSubstr(cell));
  }
  std::size_t cells = 0, mistakes = 0;
  for (std::size_t truth = 0; truth < 7; ++truth) {
    for (std::size_t predicted = 0; predicted < 7; ++predicted) {
      const int count = figures["confusion"]["matrix"][truth][predicted];
      cells += count > 0;
      mistakes += truth != predicted ? static_cast<std::size_t>(count) : 0;
    }
  }
  EXPECT_EQ(occurrences(page_, "<rect class=\"right\"") + occurrences(page_, "<rect class=\"wrong\""), cells);
  EXPECT_EQ(occurrences(page_, " taken for <strong>"), std::min<std::size_t>(mistakes, 12));
  EXPECT_THAT(page_,
              AllOf(HasSubstr("bart train faces --image-size 32"), HasSubstr("bart predict picture.jpg")));
}

TEST_F(ReportDrawn, NeedsNothingFromOutsideAndNamesAreNoMarkup) {
  EXPECT_THAT(page_, Not(testing::ContainsRegex("(src|href)=\"(https?:|//|[a-z]+\\.)")));
  EXPECT_THAT(page_, Not(HasSubstr("@import")));
  EXPECT_THAT(page_, AllOf(HasSubstr("&lt;b&gt;&amp;日本"), Not(HasSubstr("<b>&日本"))));
}

TEST_F(ReportDrawn, EveryPictureAndChartIsToldInWords) {
  EXPECT_EQ(occurrences(page_, "<img "), occurrences(page_, "alt=\""));
  EXPECT_THAT(page_, Not(HasSubstr("alt=\"\"")));
  EXPECT_EQ(occurrences(page_, "<svg "), occurrences(page_, "role=\"img\""));
  EXPECT_EQ(occurrences(page_, "<section aria-labelledby="), occurrences(page_, "<section"));
  // Every link within the page has a target, and no target exists twice.
  std::set<std::string> ids;
  const std::regex id(" id=\"([^\"]+)\"");
  for (std::sregex_iterator it(page_.begin(), page_.end(), id), end; it != end; ++it)
    EXPECT_TRUE(ids.insert((*it)[1]).second) << (*it)[1];
  const std::regex link("href=\"#([^\"]+)\"");
  for (std::sregex_iterator it(page_.begin(), page_.end(), link), end; it != end; ++it)
    EXPECT_TRUE(ids.contains((*it)[1])) << (*it)[1];
}

TEST_F(ReportDrawn, AModelOfAnotherTrainingIsRefused) {
  ASSERT_EQ(run_bart(here(), {"sample", "others", "--classes", "3", "--per-class", "4"}).code, 0);
  ASSERT_EQ(
      run_bart(here(), {"train", "others", "--image-size", "32", "--epochs", "0", "--out", "mixed"}).code, 0);
  fs::copy(here() / "bart-run", here() / "mixed" / "bart-run",
           fs::copy_options::overwrite_existing | fs::copy_options::recursive);
  const BartResult result = run_bart(here(), {"report", "mixed"});
  EXPECT_EQ(result.code, 1);
  EXPECT_THAT(result.err, HasSubstr("is not the model of"));
}

TEST_F(ReportDrawn, TrainingMakesNoneWhenAskedNotTo) {
  ASSERT_EQ(run_bart(here(), {"train", "faces", "--image-size", "32", "--epochs", "0", "--out", "plain",
                              "--no-report"})
                .code,
            0);
  EXPECT_FALSE(fs::exists(here() / "plain" / "bart-run" / "report.html"));
}

/// The output of Chromium with these arguments about the report; empty if there is no working one.
std::string chromium_on_report(const fs::path& folder, const std::string& arguments) {
  return chromium(folder, arguments + " file://" + (folder / "bart-run" / "report.html").string());
}

TEST_F(ReportDrawn, ChromiumRunsItsScriptWithoutAnError) {
  const std::string dom = chromium_on_report(here(), "--dump-dom");
  if (dom.empty()) GTEST_SKIP() << "there is no working chromium here";
  EXPECT_EQ(occurrences(dom, "aria-label=\"Zoom in\""), 1u);      // the matrix has its tools,
  EXPECT_EQ(occurrences(dom, "class=\"tip\""), 5u);               // every chart its pointer,
  EXPECT_THAT(dom, HasSubstr("<button type=\"button\">Recall"));  // the last thing that the script does
}

TEST_F(ReportDrawn, ChromiumAnswersWhatIsTypedAndClicked) {
  // What a reader types and clicks, and what the page then says in its title.
  const std::string script = R"(<script>
    const type = (control, value) => { control.value = value; control.dispatchEvent(new Event('input')); };
    const said = [];
    type(document.querySelector('#wanted input'), 1);
    said.push([...document.querySelectorAll('#curves p')].every(p => p.textContent.endsWith('recall 100.0\u00a0%')));
    const missed = document.querySelector('circle.missed');
    missed.dispatchEvent(new MouseEvent('click', {bubbles: true}));
    const shown = [...document.querySelectorAll('#gallery figure')].filter(f => !f.hidden);
    said.push(shown.length === 1 && shown[0].dataset.file === missed.dataset.file);
    // Each filter of the gallery leaves the mistakes that it names, and all filters off show every one again.
    const figures = [...document.querySelectorAll('#gallery figure')];
    const [search, range] = ['search', 'range'].map(kind => document.querySelector(`#gallery input[type=${kind}]`));
    const [truth, taken] = document.querySelectorAll('#gallery select');
    const leaves = (control, value, fits) => {
      type(control, value);
      const right = figures.every(f => f.hidden !== fits(f.dataset));
      type(control, control === range ? 0 : '');
      return right;
    };
    type(search, '');
    const median = figures.map(f => +f.dataset.certainty).sort()[figures.length >> 1], percent = Math.ceil(100 * median);
    said.push(leaves(range, percent, d => +d.certainty >= percent / 100) && leaves(search, figures[0].dataset.file.toUpperCase(), d => d.file === figures[0].dataset.file));
    said.push([[truth, 'truth'], [taken, 'said']].every(([control, key]) =>
      leaves(control, control.options[1].value, d => d[key] === control.options[1].value)));
    type(range, percent);
    said.push(range.nextElementSibling.textContent === percent + '\u00a0%');
    type(range, 0);
    said.push(figures.every(f => !f.hidden));
    const select = document.querySelector('.filters + .map').previousElementSibling.querySelector('select');
    type(select, select.options[1].value);
    said.push(document.querySelectorAll('.map .dim').length > 0);
    // The matrix in shares, and with similar classes together: every cell keeps its row and its column.
    const [numbers, order] = [...document.querySelectorAll('#confusion-matrix ~ .filters select')];
    const texts = [...document.querySelectorAll('#confusion text.count')], rows = {};
    const counts = texts.map(text => text.textContent);
    type(numbers, 'share');
    for (const text of texts) rows[text.dataset.r] = (rows[text.dataset.r] ?? 0) + +text.textContent;
    said.push(Object.values(rows).length > 0 && Object.values(rows).every(sum => Math.abs(sum - 100) <= 2));
    type(numbers, 'n');
    said.push(texts.every((text, i) => text.textContent === counts[i]));
    const svg = document.getElementById('confusion'), wanted_order = svg.dataset.order.split(',');
    type(order, 'similar');
    const down = [...svg.querySelectorAll('text.row')].sort((a, b) => a.getAttribute('y') - b.getAttribute('y'));
    const across = new Map([...svg.querySelectorAll('text.col')].map(t => [t.dataset.c, t.transform.baseVal.getItem(0).matrix.e]));
    const places = new Map(down.map(t => [t.dataset.c, +t.getAttribute('y')]));
    said.push(down.map(t => t.dataset.c).join() === wanted_order.join());
    said.push([...svg.querySelectorAll('rect[data-r]')].every(cell => {
      const half = +svg.dataset.cell / 2, {r, c} = cell.dataset;
      return Math.abs(+cell.getAttribute('y') + half - places.get(r)) < 0.1 &&
        Math.abs(+cell.getAttribute('x') + half - across.get(c)) < 0.1;
    }));
    document.title = 'said ' + said.join(' ');
  </script></body>)";
  std::string page = page_;
  page.replace(page.rfind("</body>"), 7, script);
  write_file(here() / "typed.html", page);
  const std::string dom = chromium(here(), "--dump-dom file://" + (here() / "typed.html").string());
  if (dom.empty()) GTEST_SKIP() << "there is no working chromium here";
  EXPECT_THAT(dom, HasSubstr("<title>said true true true true true true true true true true true</title>"));
}

TEST_F(ReportDrawn, ChromiumDrawsItInLightAndDarkAndOnATelephone) {
  const auto shot = [](const std::string& flags) {
    fs::remove(here() / "shot.png");
    return chromium_on_report(here(), "--screenshot=shot.png " + flags).empty()
               ? Picture{}
               : decode_picture(read_file(here() / "shot.png")).picture;
  };
  const auto light = shot("--window-size=1200,2400");
  if (light.pixels.empty()) GTEST_SKIP() << "there is no working chromium here";
  const auto mean = [](const Picture& picture) {
    double sum = 0;
    for (const std::uint8_t value : picture.pixels) sum += value;
    return sum / static_cast<double>(picture.pixels.size());
  };
  const auto colours = [](const Picture& picture) {
    std::set<std::uint32_t> seen;
    for (std::size_t i = 0; i < picture.pixels.size(); i += 3)
      seen.insert(picture.pixels[i] << 16 | picture.pixels[i + 1] << 8 | picture.pixels[i + 2]);
    return seen.size();
  };
  EXPECT_GT(mean(light), 200);
  EXPECT_GT(colours(light), 1000u);  // text, charts and the photographs of faces
  const Picture dark = shot("--window-size=1200,2400 --blink-settings=preferredColorScheme=0");
  EXPECT_LT(mean(dark), 70);
  EXPECT_GT(colours(dark), 1000u);
  const Picture narrow = shot("--window-size=500,2400");
  EXPECT_EQ(narrow.width, 500);
  EXPECT_GT(mean(narrow), 180);
}

}  // namespace
}  // namespace bart
