// SPDX-License-Identifier: Apache-2.0
#include "capture/win/collect.h"

#include <cstring>

#include <gtest/gtest.h>

#include "base/diagnostics.h"

namespace vigil::capture {
namespace {

/// What the system answers when it is asked for the handles of a process: as Windows lays it out,
/// since Wine has no answer.
struct Answer {
  Nt::Status status = Nt::kSuccess;
  std::vector<std::byte> table;
  std::size_t asked = 0;  ///< How often.
};
Answer& answer() {
  static Answer the_answer;
  return the_answer;
}

Nt::Status NTAPI query_process(HANDLE, ULONG what, void* out, ULONG size, ULONG*) {
  auto& now = answer();
  ++now.asked;
  if (what != kProcessHandleInformation) return static_cast<Nt::Status>(0xc000'0003u);
  if (now.status < 0) return now.status;
  if (size < now.table.size()) return Nt::kInfoLengthMismatch;
  std::memcpy(out, now.table.data(), now.table.size());
  return now.status;
}

void append(std::vector<std::byte>& table, std::uint64_t value, std::size_t size) {
  const auto* bytes = reinterpret_cast<const std::byte*>(&value);
  table.insert(table.end(), bytes, bytes + size);
}

/// PROCESS_HANDLE_SNAPSHOT_INFORMATION with one entry for each of \p handles, which says that there
/// are \p count.
std::vector<std::byte> table_of(const std::vector<HANDLE>& handles, std::uint64_t count) {
  std::vector<std::byte> table;
  append(table, count, 8);
  append(table, 0, 8);
  std::uint32_t type = 10;
  for (HANDLE handle : handles) {
    append(table, reinterpret_cast<std::uintptr_t>(handle), 8);
    append(table, 2, 8);  // handles of the object
    append(table, 3, 8);  // pointers to it
    append(table, 0x1f0003, 4);
    append(table, type++, 4);
    append(table, 1, 4);
    append(table, 0, 4);
  }
  return table;
}

class CollectHandles : public ::testing::Test {
 protected:
  void SetUp() override {
    answer() = {};
    nt_ = Nt::load().take();
    nt_.query_process = query_process;
  }
  std::vector<HandleRecord> collect() {
    return collect_handles(nt_, ::GetCurrentProcess(), diagnostics_);
  }

  Nt nt_{};
  Diagnostics diagnostics_;
};

TEST_F(CollectHandles, NamesWhatCanBeNamed) {
  const platform::KernelHandle event(::CreateEventW(nullptr, FALSE, FALSE, L"vigil-test-event"));
  const platform::KernelHandle mutex(::CreateMutexW(nullptr, FALSE, nullptr));
  answer().table = table_of({event.get(), mutex.get()}, 2);
  const auto handles = collect();
  ASSERT_EQ(handles.size(), 2u);
  EXPECT_EQ(handles[0].type, u"Event");
  EXPECT_TRUE(handles[0].name.ends_with(u"\\vigil-test-event"));
  EXPECT_EQ(handles[0].granted_access, 0x1f0003u);
  EXPECT_EQ(handles[0].handle_count, 2u);
  EXPECT_EQ(handles[1].type, u"Mutant");
  EXPECT_TRUE(handles[1].name.empty());
  EXPECT_TRUE(diagnostics_.notes().empty());
}

TEST_F(CollectHandles, GrowsWithTheTable) {
  const std::vector<HANDLE> gone(40'000, reinterpret_cast<HANDLE>(std::uintptr_t{0xfff0}));
  answer().table = table_of(gone, gone.size());
  EXPECT_EQ(collect().size(), 20'000u);  // kMaxHandles
  EXPECT_EQ(answer().asked, 2u);
}

TEST_F(CollectHandles, TakesNothingFromATableThatIsShorterThanItSays) {
  answer().table = table_of({::GetCurrentProcess()}, ~std::uint64_t{0});
  EXPECT_TRUE(collect().empty());
  EXPECT_FALSE(diagnostics_.notes().empty());
}

TEST_F(CollectHandles, SaysSoWhenThereIsNoList) {
  answer().status = static_cast<Nt::Status>(0xc000'0003u);
  EXPECT_TRUE(collect().empty());
  ASSERT_EQ(diagnostics_.notes().size(), 1u);
  EXPECT_EQ(diagnostics_.notes().front(), "handles: the system does not list them");
}

}  // namespace
}  // namespace vigil::capture
