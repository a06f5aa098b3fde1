#include "bart/platform/json_extent.h"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace bart {
namespace {

using nlohmann::json;

/// Counts what nlohmann's parser reads; true: go on.
class Counter final : public nlohmann::json_sax<json> {
 public:
  explicit Counter(const std::function<void(std::size_t, const std::string&)>& on_name) : on_name_(on_name) {}
  const JsonExtent& extent() const { return extent_; }

  bool null() override { return scalar(); }
  bool boolean(bool) override { return scalar(); }
  bool number_integer(number_integer_t) override { return scalar(); }
  bool number_unsigned(number_unsigned_t) override { return scalar(); }
  bool number_float(number_float_t, const string_t&) override { return scalar(); }
  bool string(string_t&) override { return scalar(); }
  bool binary(binary_t&) override { return scalar(); }
  bool key(string_t& name) override {
    if (on_name_) on_name_(depth_, name);
    return scalar();
  }
  bool start_object(std::size_t) override { return open(); }
  bool end_object() override { return close(); }
  bool start_array(std::size_t) override { return open(); }
  bool end_array() override { return close(); }
  bool parse_error(std::size_t, const std::string&, const json::exception&) override { return false; }

 private:
  bool scalar() {
    ++extent_.scalars;
    return true;
  }
  bool open() {
    extent_.depth = std::max(extent_.depth, ++depth_);
    ++extent_.containers;
    return true;
  }
  bool close() {
    --depth_;
    return true;
  }

  const std::function<void(std::size_t, const std::string&)>& on_name_;
  JsonExtent extent_;
  std::size_t depth_ = 0;
};

}  // namespace

JsonExtent json_extent(std::string_view text,
                       const std::function<void(std::size_t depth, const std::string& name)>& on_name) {
  Counter counter(on_name);
  json::sax_parse(text, &counter);
  return counter.extent();
}

}  // namespace bart
