// A process whose mapped file is cut short while it reads it.
#include "bart/platform/byte_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <optional>
#include <string>
#include <thread>

#include "scratch_folder.h"

namespace bart {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::ExitedWithCode;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::KilledBySignal;

constexpr std::size_t bytes = 100'000;

class CutShort : public testing::Test {
 protected:
  void SetUp() override { scratch_.write("pixels", std::string(bytes, 'x')); }
  ByteStore mapped(const char* name = "pixels") const { return ByteStore::of_file(scratch_.path() / name); }
  void cut(const char* name = "pixels") const { fs::resize_file(scratch_.path() / name, 0); }
  static void read(const std::uint8_t* byte) {
    [[maybe_unused]] const std::uint8_t value = *const_cast<const volatile std::uint8_t*>(byte);
  }
  static void read(const ByteStore& store) { read(store.data() + store.size() / 2); }
  /// The default sentence.
  static auto said(const char* name = "pixels") {
    return AllOf(testing::StartsWith("bart: cannot read "),
                 HasSubstr(std::string(name) + ": it was cut short, or its disk failed, while it was in use"),
                 testing::EndsWith("\n"));
  }
  /// A mapping of an empty file that is not one of ours.
  const std::uint8_t* foreign() const {
    scratch_.write("foreign", std::string(bytes, 'x'));
    std::FILE* file = std::fopen((scratch_.path() / "foreign").c_str(), "r");
    void* memory = ::mmap(nullptr, bytes, PROT_READ, MAP_SHARED, ::fileno(file), 0);
    std::fclose(file);
    cut("foreign");
    return static_cast<const std::uint8_t*>(memory);
  }
  static void (*handler())(int) {
    struct sigaction action {};
    ::sigaction(SIGBUS, nullptr, &action);
    return action.sa_handler;
  }

  test::ScratchFolder scratch_;
};
using CutShortDeathTest = CutShort;

TEST_F(CutShortDeathTest, IsSaidAndEndsTheProcess) {
  const ByteStore store = mapped();
  read(store);
  cut();
  EXPECT_EXIT(read(store), ExitedWithCode(1), said());
}

TEST_F(CutShortDeathTest, IsSaidOfTheFirstAndTheLastByte) {
  const ByteStore store = mapped();
  cut();
  EXPECT_EXIT(read(store.data()), ExitedWithCode(1), said());
  EXPECT_EXIT(read(store.data() + bytes - 1), ExitedWithCode(1), said());
}

TEST_F(CutShortDeathTest, IsSaidOnceWhereManyThreadsRead) {
  const ByteStore store = mapped();
  cut();
  const auto read_by_many = [&] {
    std::array<std::jthread, 8> threads;
    for (std::jthread& thread : threads) thread = std::jthread([&] { read(store); });
  };
  EXPECT_EXIT(read_by_many(), ExitedWithCode(1),
              testing::AllOf(said(), testing::ResultOf(
                                         [](const std::string& text) { return text.rfind("bart:"); }, 0u)));
}

TEST_F(CutShortDeathTest, IsSaidInTheOwnersWords) {
  ByteStore store = mapped();
  store.when_lost("it is \x1bgone");
  cut();
  EXPECT_EXIT(read(store), ExitedWithCode(1), testing::StrEq("bart: it is \uFFFDgone\n"));
}

TEST_F(CutShortDeathTest, IsSaidOfAFileThatWasMade) {
  const ByteStore store = ByteStore::in_new_file(scratch_.path() / "new", bytes);
  read(store);
  cut("new");
  EXPECT_EXIT(read(store), ExitedWithCode(1), said("new"));
}

TEST_F(CutShortDeathTest, IsSaidOfTheOneThatWasCutShortWhereverItsOwnerMoved) {
  scratch_.write("other", std::string(bytes, 'x'));
  ByteStore first = mapped();
  const ByteStore store = std::move(first);
  const ByteStore other = mapped("other");
  { const ByteStore gone = mapped(); }
  cut();
  read(other);
  EXPECT_EXIT(read(store), ExitedWithCode(1), said());
  cut("other");
  EXPECT_EXIT(read(other), ExitedWithCode(1), said("other"));
}

TEST_F(CutShortDeathTest, OfAnotherMappingIsNoneOfOurs) {
  const auto read_foreign = [&](void (*before)(int)) {
    ::signal(SIGBUS, before);
    const ByteStore store = mapped();
    read(foreign());
  };
  EXPECT_EXIT(read_foreign(SIG_DFL), KilledBySignal(SIGBUS), IsEmpty());
  EXPECT_EXIT(read_foreign([](int) { ::_exit(7); }), ExitedWithCode(7), IsEmpty());
}

TEST_F(CutShortDeathTest, ASignalThatIsSentDoesWhatItDid) {
  const auto send = [&](void (*before)(int)) {
    ::signal(SIGBUS, before);
    const ByteStore store = mapped();
    ::raise(SIGBUS);
    std::_Exit(3);
  };
  EXPECT_EXIT(send(SIG_DFL), KilledBySignal(SIGBUS), IsEmpty());
  EXPECT_EXIT(send(SIG_IGN), ExitedWithCode(3), IsEmpty());
  EXPECT_EXIT(send([](int) { ::_exit(7); }), ExitedWithCode(7), IsEmpty());
}

TEST_F(CutShort, IsWatchedForWhileAFileIsMappedAndNoLonger) {
  const auto before = handler();
  std::optional<ByteStore> first = mapped(), second = mapped();
  const auto ours = handler();
  EXPECT_NE(ours, before);
  first.reset();
  EXPECT_EQ(handler(), ours);
  second.reset();
  EXPECT_EQ(handler(), before);
  const ByteStore memory = ByteStore::in_memory(bytes);
  EXPECT_EQ(handler(), before);
}

}  // namespace
}  // namespace bart
