#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string_view>

namespace bart {

/// Many bytes that are read as memory and written by write(): in memory, or in a file that is mapped, so that
/// there may be more of them than memory. No stray pointer can change a file's, and a full disk is an Error,
/// not a signal. Moves without its bytes moving.
class ByteStore {
 public:
  ByteStore() = default;
  /// Zeros in memory. Throws Error where there is none left.
  static ByteStore in_memory(std::size_t bytes);
  /// Zeros in a file of `folder` without a name, which is gone when this object is, or the process.
  static ByteStore in_unnamed_file(const std::filesystem::path& folder, std::size_t bytes);
  /// Zeros in a new file. Throws Error where there is one.
  static ByteStore in_new_file(const std::filesystem::path& path, std::size_t bytes);
  /// The file as it is, and zeros up to `bytes` where it is shorter.
  static ByteStore in_grown_file(const std::filesystem::path& path, std::size_t bytes);
  /// The regular file as it is, not to be written.
  static ByteStore of_file(const std::filesystem::path& path);
  ~ByteStore();
  ByteStore(ByteStore&& other) noexcept;
  ByteStore& operator=(ByteStore&& other) noexcept;

  const std::uint8_t* data() const { return data_; }
  std::size_t size() const { return size_; }
  bool is_file() const { return fd_ >= 0; }

  /// From any thread, where no other writes or reads. Throws Error with the system's reason.
  void write(std::size_t offset, std::span<const std::uint8_t> bytes);
  /// Returns when a file's bytes are on the disk.
  void sync() const;

  /// What is said where a file's bytes can no longer be read, because it was cut short behind this object's
  /// back or its disk failed. That ends the process: `bart: sentence` on stderr, exit code 1. While nobody
  /// reads.
  void when_lost(std::string_view sentence);

  /// That reads will come in no order: the kernel then reads what is asked for and nothing beside it.
  void expect_any_order() const;
  /// That these bytes are read soon: of a file, they are fetched from the disk meanwhile.
  void will_need(std::size_t offset, std::size_t bytes) const;
  /// That these bytes are not read soon: of a file, they no longer count as this process's memory. They stay
  /// in the kernel's as long as there is room.
  void done_with(std::size_t offset, std::size_t bytes) const;

 private:
  void advise(std::size_t offset, std::size_t bytes, int advice) const;
  ByteStore(int fd, std::size_t bytes, bool grow, const std::filesystem::path& path);

  std::uint8_t* data_ = nullptr;
  std::size_t size_ = 0;
  int fd_ = -1;                 // -1: memory
  std::filesystem::path path_;  // for messages
};

}  // namespace bart
