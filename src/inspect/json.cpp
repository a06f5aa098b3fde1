#include <nlohmann/json.hpp>

#include "bart/inspect/report.h"
#include "bart/platform/json_text.h"
#include "check_inspection.h"
#include "words.h"

namespace bart {
namespace {

using namespace words;

using nlohmann::ordered_json;

ordered_json shape(const std::pair<int, int>& size) {
  return {size.first, size.second, 3};
}

ordered_json groups_json(const Inspection& inspection, const std::vector<DuplicateGroup>& groups) {
  ordered_json list = ordered_json::array();
  for (const DuplicateGroup& group : groups) {
    ordered_json files = ordered_json::array();
    for (const std::uint32_t i : group.pictures) {
      const InspectedPicture& picture = inspection.pictures[i];
      files.push_back({{"file", picture.file}, {"side", name_of(picture.side)}});
    }
    list.push_back({{"across_classes", group.across_classes},
                    {"across_split", group.across_split},
                    {"pictures", std::move(files)}});
  }
  return list;
}

}  // namespace

std::string inspection_json(const Inspection& inspection) {
  check(inspection);
  ordered_json classes = ordered_json::array();
  for (const InspectedClass& one : inspection.classes) {
    ordered_json sizes = nullptr;
    if (!one.sizes.empty()) {
      sizes = {{"different", one.sizes.size()},
               {"smallest", shape(*one.sizes.begin())},
               {"largest", shape(*one.sizes.rbegin())}};
    }
    classes.push_back(
        {{"name", one.name},
         {"pictures", one.pictures},
         {"share", inspection.pictures.empty()
                       ? 0.0
                       : static_cast<double>(one.pictures) / static_cast<double>(inspection.pictures.size())},
         {"test", one.test},
         {"validation", one.validation},
         {"unreadable", one.unreadable},
         {"near_duplicates", one.near_duplicates},
         {"bytes", one.bytes},
         {"formats", one.formats},
         {"modes", one.modes},
         {"sizes", sizes}});
  }
  ordered_json unreadable = ordered_json::array();
  for (const SkippedPicture& picture : inspection.unreadable) {
    unreadable.push_back({{"file", picture.file}, {"reason", picture.reason}});
  }
  ordered_json other_modes = ordered_json::array();
  for (const std::uint32_t i : converted(inspection)) {
    other_modes.push_back({{"file", inspection.pictures[i].file}, {"mode", inspection.pictures[i].mode}});
  }
  ordered_json sizes = nullptr;
  if (!inspection.sizes.empty()) {
    sizes = {{"different", inspection.sizes.size()},
             {"smallest", shape(*inspection.sizes.begin())},
             {"largest", shape(*inspection.sizes.rbegin())}};
  }
  const ordered_json json = {
      {"folder", inspection.folder.string()},
      {"pictures", inspection.pictures.size()},
      {"bytes", inspection.bytes},
      {"sizes", sizes},
      {"classes", classes},
      {"split",
       {{"own", inspection.own_split},
        {"seed", inspection.own_split ? ordered_json() : ordered_json(inspection.options.seed)},
        {"test_size", inspection.own_split ? ordered_json() : ordered_json(inspection.options.test_size)},
        {"test_pictures", inspection.test_pictures},
        {"validation_pictures", inspection.validation_pictures},
        {"leaking_test_pictures", inspection.leaking_test_pictures},
        {"leaking_validation_pictures", inspection.leaking_validation_pictures}}},
      {"same_bytes", groups_json(inspection, inspection.same_bytes)},
      {"same_pixels", groups_json(inspection, inspection.same_pixels)},
      {"near_duplicates", groups_json(inspection, inspection.near_duplicates)},
      {"converted", other_modes},
      {"unreadable", unreadable},
  };
  return json_text(json, 2);
}

}  // namespace bart
