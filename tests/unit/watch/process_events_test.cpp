// SPDX-License-Identifier: Apache-2.0
#include <string>

#include <gtest/gtest.h>

#include "support/byte_builder.h"
#include "watch/watch.h"

namespace vigil::watch {
namespace {

using test::ByteBuilder;

constexpr std::uint64_t kStarted = 0x01dd'5b48'd4d3'c000, kEnded = kStarted + 25'000'000;
constexpr std::string_view kImage = R"(\Device\HarddiskVolume3\apps\Orders.exe)";
const ProcessKey kOrders{ProcessId{0x4d2}, timestamp_from_filetime(kStarted)};

std::string start_event(unsigned version) {
  ByteBuilder bytes;
  bytes.u32(0x4d2);
  if (version >= 3) bytes.u64(77);
  bytes.u64(kStarted).u32(4);
  if (version >= 3) bytes.u64(78);
  bytes.u32(1);
  if (version >= 1) bytes.u32(0);
  if (version >= 3) bytes.u32(1).u32(0).u8(1).u8(1).fill(6).u32(0x3000);  // the mandatory label
  bytes.utf16(kImage).u16(0);
  if (version >= 2) bytes.u32(0).u32(0).u16(0).u16(0);
  if (version >= 4) bytes.u32(0);
  return bytes.bytes();
}

std::string stop_event(unsigned version) {
  ByteBuilder bytes;
  bytes.u32(0x4d2);
  if (version >= 2) bytes.u64(77);
  bytes.u64(kStarted).u64(kEnded).u32(0xc000'0005).u32(1).u32(9).u64(1).u64(2);
  if (version >= 1) bytes.u64(3).u32(1).u32(1).u32(1).u32(1).u32(1);
  return bytes.c_string("Orders.exe").bytes();
}

std::optional<ProcessEvent> parse(std::uint16_t id, unsigned version, const std::string& bytes) {
  return parse_process_event(id, static_cast<std::uint8_t>(version),
                             ByteView(std::as_bytes(std::span(bytes))));
}

TEST(ProcessEvent, TellsOfAStartInEveryVersion) {
  for (unsigned version = 0; version <= 5; ++version) {
    const auto event = parse(1, version, start_event(version));
    ASSERT_TRUE(event) << version;
    EXPECT_FALSE(event->has_ended);
    EXPECT_EQ(event->key, kOrders) << version;
    EXPECT_EQ(event->image, kImage) << version;
  }
}

TEST(ProcessEvent, TellsOfAnEndInEveryVersion) {
  for (unsigned version = 0; version <= 2; ++version) {
    const auto event = parse(2, version, stop_event(version));
    ASSERT_TRUE(event) << version;
    EXPECT_TRUE(event->has_ended);
    EXPECT_EQ(event->key, kOrders);
    EXPECT_EQ(event->exit_code, 0xc000'0005);
    EXPECT_EQ(event->ended_at, timestamp_from_filetime(kEnded));
    EXPECT_EQ(event->image, "Orders.exe") << version;
  }
}

TEST(ProcessEvent, OfARundownIsThatOfAStart) {
  for (unsigned version = 0; version <= 3; ++version) {
    const auto event = parse(15, version, start_event(version + 2));
    ASSERT_TRUE(event) << version;
    EXPECT_EQ(event->image, kImage);
  }
}

TEST(ProcessEvent, IsNothingOfOthersAndOfWhatIsCutOff) {
  EXPECT_FALSE(parse(3, 0, start_event(0)));
  // What stands before the names: of an end with its code, of a start with its session.
  const auto start = start_event(0), stop = stop_event(2);
  constexpr std::size_t kStartBytes = 12, kStopBytes = 32;
  for (std::size_t size = 0; size < kStartBytes; ++size)
    EXPECT_FALSE(parse(1, 0, start.substr(0, size))) << size;
  for (std::size_t size = 0; size < kStopBytes; ++size)
    EXPECT_FALSE(parse(2, 2, stop.substr(0, size))) << size;
  EXPECT_EQ(parse(1, 0, start.substr(0, start.size() - 10))->image,
            kImage.substr(0, kImage.size() - 4));
  const auto longest = start_event(5);
  for (std::size_t size = 0; size < longest.size(); ++size)
    (void)parse(1, 5, longest.substr(0, size));  // nothing is read beyond
}

class Traced : public testing::Test {
 protected:
  TracedProcesses processes_{[](std::string_view image) {
    constexpr std::string_view kDevice = R"(\Device\HarddiskVolume3)";
    if (!image.starts_with(kDevice)) return std::string();
    return "C:" + std::string(image.substr(kDevice.size()));
  }};
};

TEST_F(Traced, AnEndHasThePathThatItsStartHad) {
  EXPECT_FALSE(processes_.take(*parse(1, 3, start_event(3))));
  const auto end = processes_.take(*parse(2, 2, stop_event(2)));
  ASSERT_TRUE(end);
  EXPECT_EQ(end->key, kOrders);
  EXPECT_EQ(end->facts.name, "Orders.exe");
  EXPECT_EQ(end->facts.path, R"(C:\apps\Orders.exe)");
  EXPECT_EQ(end->exit_code, 0xc000'0005);
}

TEST_F(Traced, AnEndWhoseStartNobodySawHasItsName) {
  const auto end = processes_.take(*parse(2, 2, stop_event(2)));
  ASSERT_TRUE(end);
  EXPECT_EQ(end->facts.name, "Orders.exe");
  EXPECT_EQ(end->facts.path, "");
}

TEST_F(Traced, RememberNoMoreStartsThanTheLimit) {
  const auto started = [](std::uint32_t pid) {
    ProcessEvent event;
    event.key = {ProcessId{pid}, Timestamp{1}};
    event.image = kImage;
    return event;
  };
  for (std::uint32_t pid = 0; pid <= TracedProcesses::kMaxRemembered; ++pid)
    EXPECT_FALSE(processes_.take(started(pid)));
  auto end = started(0);
  end.has_ended = true;
  EXPECT_EQ(processes_.take(end)->facts.path, "") << "the oldest is forgotten";
  end.key.pid = ProcessId{1};
  EXPECT_NE(processes_.take(end)->facts.path, "");
}

}  // namespace
}  // namespace vigil::watch
