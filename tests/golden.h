#pragma once

#include <zlib.h>

#include <fstream>
#include <span>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "places.h"

namespace bart::test {

/// The rows of tests/goldens/`name`, split at tabs; lines that begin with # are left out.
inline std::vector<std::vector<std::string>> read_golden(const std::string& name) {
  const std::string path = tests_folder() / "goldens" / name;
  std::ifstream file(path);
  if (!file) throw std::runtime_error("cannot open " + path);
  std::vector<std::vector<std::string>> rows;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with('#')) continue;
    std::istringstream cells(line);
    std::vector<std::string>& row = rows.emplace_back();
    for (std::string cell; std::getline(cells, cell, '\t');) row.push_back(cell);
  }
  if (rows.empty()) throw std::runtime_error(path + " is empty");
  return rows;
}

/// zlib's CRC-32 of the bytes of an array (little-endian, as every golden).
template <class Range>
std::string crc32_of(const Range& values) {
  const std::span bytes = std::as_bytes(std::span(values));
  const uLong crc = ::crc32_z(0, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size());
  std::ostringstream text;
  text << std::hex << crc;
  return text.str();
}

}  // namespace bart::test
