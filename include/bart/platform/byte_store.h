#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string_view>

namespace bart {

/// A large array of bytes that is read like memory and written by write(). It lies in memory or in a mapped
/// file, which may be larger than the memory. No stray pointer can change the bytes of a file, and a full
/// disk is an Error instead of a signal. Moving the object leaves the bytes where they are.
class ByteStore {
 public:
  ByteStore() = default;
  /// Zeros in memory. Throws Error when there is not enough.
  static ByteStore in_memory(std::size_t bytes);
  /// Zeros in a file without a name on the disk of `folder`, which disappears with this object or with the
  /// process.
  static ByteStore in_unnamed_file(const std::filesystem::path& folder, std::size_t bytes);
  /// Zeros in memory that other processes can map, too: see of_other_process(). Throws Error when there is
  /// not enough.
  static ByteStore in_shared_memory(std::size_t bytes);
  /// The file or shared memory of a living process of the same user on this computer, from its shared_path().
  /// Throws Error when this process may not open it, or when it has another size.
  static ByteStore of_other_process(const std::filesystem::path& shared_path, std::size_t bytes);
  /// Zeros in a new file. Throws Error if the file exists already.
  static ByteStore in_new_file(const std::filesystem::path& path, std::size_t bytes);
  /// The file as it is, extended with zeros to `bytes` bytes if it is shorter.
  static ByteStore in_grown_file(const std::filesystem::path& path, std::size_t bytes);
  /// A regular file as it is, to be read only.
  static ByteStore of_file(const std::filesystem::path& path);
  ~ByteStore();
  ByteStore(ByteStore&& other) noexcept;
  ByteStore& operator=(ByteStore&& other) noexcept;

  const std::uint8_t* data() const { return data_; }
  std::size_t size() const { return size_; }
  bool is_file() const { return fd_ >= 0; }  // or shared memory
  /// Where other processes find a file or shared memory, with or without a name; empty for other memory.
  std::filesystem::path shared_path() const;

  /// May be called from any thread, as long as no other thread writes or reads the same bytes. Throws Error
  /// with the system's reason.
  void write(std::size_t offset, std::span<const std::uint8_t> bytes);
  /// Returns when a file's bytes are on the disk.
  void sync() const;

  /// Sets the message for the case that the file can no longer be read, because somebody cut it short or its
  /// disk failed. The process then ends with `bart: sentence` on stderr and exit code 1. Must not be called
  /// while another thread reads.
  void when_lost(std::string_view sentence);

  /// Announces reads in random order, so that the kernel reads nothing ahead.
  void expect_any_order() const;
  /// Announces that these bytes will be read soon, so that those of a file are already fetched from the disk.
  void will_need(std::size_t offset, std::size_t bytes) const;
  /// Announces that these bytes will not be read soon, so that those of a file no longer count as memory of
  /// this process. They stay in the kernel's page cache as long as there is room.
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
