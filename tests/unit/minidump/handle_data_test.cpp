// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "parsed.h"
#include "support/minidump_streams.h"

namespace vigil::minidump {
namespace {

using snapshot::Handle;
using snapshot::KernelObject;
using test::add_handles;
using test::ByteBuilder;
using test::HandleSpec;
using test::MinidumpBuilder;
using test::ObjectInfo;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using Kind = KernelObject::Kind;

/// What is read of one object of a process with \p arch.
KernelObject object_of(std::vector<ObjectInfo> infos,
                       MinidumpBuilder::Arch arch = MinidumpBuilder::Arch::Amd64) {
  MinidumpBuilder builder(arch);
  add_handles(builder, {{.value = 4, .type = "T", .infos = std::move(infos)}});
  const Parsed parsed(builder);
  EXPECT_THAT(parsed.notes(), IsEmpty());
  const auto& objects = parsed.snapshot().handles.objects;
  return objects.empty() ? KernelObject() : objects.front();
}

TEST(HandleData, GivesEachHandleAndItsTypeOnce) {
  MinidumpBuilder builder;
  add_handles(builder, {{.value = 4, .type = "Event"},
                        {.value = 8, .type = "File", .name = "\\Device\\x", .access = 0x120089},
                        {.value = 12, .type = "Event"}});
  const Parsed parsed(builder);
  const auto& handles = parsed.snapshot().handles;
  EXPECT_EQ(handles.total, 3u);
  ASSERT_EQ(handles.list.size(), 3u);
  EXPECT_THAT(handles.types, ElementsAre("Event", "File"));
  EXPECT_EQ(handles.list[2].type, 0u);
  EXPECT_EQ(handles.list[1].value, 8u);
  EXPECT_EQ(handles.list[1].type, 1u);
  EXPECT_EQ(handles.list[1].access, 0x120089u);
  EXPECT_EQ(handles.list[1].attributes, 2u);
  EXPECT_EQ(handles.list[1].handle_count, 3u);
  EXPECT_EQ(handles.list[1].pointer_count, 4u);
  EXPECT_EQ(handles.list[1].object, Handle::kNone);
  EXPECT_THAT(parsed.notes(), IsEmpty());
}

TEST(HandleData, ReadsDescriptorsOfEachSize) {
  for (const std::uint32_t bytes : {32u, 40u, 56u}) {
    MinidumpBuilder builder;
    add_handles(builder,
                {{.value = 4, .type = "Mutant", .infos = test::owned_mutant(1, 2)},
                 {.value = 8, .type = "Mutant", .infos = test::owned_mutant(3, 4)}},
                bytes);
    const Parsed parsed(builder);
    EXPECT_EQ(parsed.snapshot().handles.list.size(), 2u) << bytes;
    EXPECT_EQ(parsed.snapshot().handles.list[1].value, 8u) << bytes;
    EXPECT_EQ(parsed.snapshot().handles.objects.size(), bytes == 32 ? 0u : 2u) << bytes;
  }
}

TEST(HandleData, TellsWhoOwnsAMutant) {
  MinidumpBuilder builder;
  add_handles(builder, {{.value = 4,
                         .type = "Mutant",
                         .name = "\\BaseNamedObjects\\Orders",
                         .infos = test::owned_mutant(4711, 104)}});
  const Parsed parsed(builder);
  const auto& object = parsed.snapshot().handles.objects.at(0);
  EXPECT_TRUE(object.is_owned_mutant());
  EXPECT_EQ(object.name, "\\BaseNamedObjects\\Orders");
  EXPECT_EQ(object.process, ProcessId{4711});
  EXPECT_EQ(object.thread, ThreadId{104});
  EXPECT_EQ(object.available, 0);
  EXPECT_FALSE(object.abandoned);
}

TEST(HandleData, KnowsAFreeMutantFromAnOwnedOne) {
  const auto free_one = object_of(
      {{2, ByteBuilder().u32(1).u32(0).bytes()}, {3, ByteBuilder().u64(0).u64(0).bytes()}});
  EXPECT_EQ(free_one.kind, Kind::Mutant);
  EXPECT_FALSE(free_one.is_owned_mutant());
  EXPECT_EQ(free_one.available, 1);
  const auto abandoned = object_of({{2, ByteBuilder().u32(1).u8(0).u8(1).u16(0).bytes()}});
  EXPECT_TRUE(abandoned.abandoned);
}

TEST(HandleData, ReadsEventsSemaphoresAndSections) {
  const auto event = object_of({{6, ByteBuilder().u32(0).u32(1).bytes()}});
  EXPECT_EQ(event.kind, Kind::Event);
  EXPECT_EQ(event.manual_reset, true);
  EXPECT_EQ(event.signaled, true);
  const auto semaphore = object_of({{8, ByteBuilder().u32(2).u32(5).bytes()}});
  EXPECT_EQ(semaphore.kind, Kind::Semaphore);
  EXPECT_EQ(semaphore.available, 2);
  EXPECT_EQ(semaphore.maximum, 5u);
  const auto section = object_of({{7, ByteBuilder().u64(0).u64(0).u64(0x9000).bytes()}});
  EXPECT_EQ(section.kind, Kind::Section);
  EXPECT_EQ(section.size, 0x9000u);
}

TEST(HandleData, ReadsThreadsAndProcesses) {
  const auto thread =
      object_of({{1, ByteBuilder().u64(0x103).u64(0x7000).u64(11).u64(12).u64(1).u64(8).bytes()}});
  EXPECT_EQ(thread.kind, Kind::Thread);
  EXPECT_EQ(thread.exit_status, 0x103u);
  EXPECT_EQ(thread.process, ProcessId{11});
  EXPECT_EQ(thread.thread, ThreadId{12});
  const auto basic = ByteBuilder().u64(5).u64(0x7000).u64(1).u64(8).u64(21).u64(20).bytes();
  EXPECT_EQ(object_of({{4, basic}}).process, ProcessId{21});
  const auto extended = ByteBuilder().u64(64).raw(basic).u64(0).bytes();
  EXPECT_EQ(object_of({{5, extended}}).process, ProcessId{21});
  EXPECT_EQ(object_of({{5, extended}}).exit_status, 5u);
  EXPECT_FALSE(object_of({{5, extended}}).is_owned_mutant());
}

TEST(HandleData, ReadsTheObjectsOf32BitProcesses) {
  constexpr auto kX86 = MinidumpBuilder::Arch::X86;
  EXPECT_EQ(object_of({{3, ByteBuilder().u32(7).u32(8).bytes()}}, kX86).thread, ThreadId{8});
  EXPECT_EQ(object_of({{1, ByteBuilder().u32(0).u32(0).u32(7).u32(8).bytes()}}, kX86).thread,
            ThreadId{8});
  EXPECT_EQ(object_of({{7, ByteBuilder().u32(0).u32(0).u64(0x9000).bytes()}}, kX86).size, 0x9000u);
}

TEST(HandleData, PassesOverInformationOfAnUnknownType) {
  EXPECT_EQ(object_of({{99, "later"}, {8, ByteBuilder().u32(2).u32(5).bytes()}}).maximum, 5u);
  EXPECT_EQ(object_of({{99, "later"}}).kind, Kind::Other);
}

TEST(HandleData, NotesInformationThatIsTooShortAndKeepsTheHandle) {
  MinidumpBuilder builder;
  add_handles(builder, {{.value = 0x1c, .type = "Mutant", .infos = {{3, "1234"}}}});
  const Parsed parsed(builder);
  EXPECT_THAT(parsed.notes(), ElementsAre("handle 0x1c: information of type 3 has 4 bytes"));
  EXPECT_EQ(parsed.snapshot().handles.list.size(), 1u);
}

TEST(HandleData, DoesNotFollowACircleForEver) {
  MinidumpBuilder builder;
  const auto own_rva = builder.place("") + 0;
  const auto rva = builder.place(ByteBuilder().u32(own_rva).u32(6).u32(8).u32(0).u32(1).bytes());
  ASSERT_EQ(rva, own_rva);
  ByteBuilder list;
  list.u32(16).u32(40).u32(1).u32(0).u64(4).fill(24).u32(rva).u32(0);
  builder.add_stream(12, list.bytes());
  const Parsed parsed(builder);
  EXPECT_THAT(parsed.notes(), ElementsAre("handle 0x4: more than 8 links"));
  EXPECT_EQ(parsed.snapshot().handles.objects.at(0).signaled, true);
}

TEST(HandleData, KeepsHandlesWhoseTypeIsDamagedAndNotesTheFirst) {
  MinidumpBuilder builder;
  ByteBuilder list;
  list.u32(16).u32(32).u32(18).u32(0);
  for (std::uint32_t i = 1; i <= 18; ++i) list.u64(4 * i).u32(0xffff'fff0).fill(20);
  builder.add_stream(12, list.bytes());
  const Parsed parsed(builder);
  EXPECT_EQ(parsed.snapshot().handles.list.size(), 18u);
  EXPECT_EQ(parsed.snapshot().handles.list[0].type, Handle::kNone);
  ASSERT_EQ(parsed.notes().size(), 17u);
  EXPECT_EQ(parsed.notes().front(), "handle 0x4: the name of its type is damaged");
  EXPECT_EQ(parsed.notes().back(), "handles: and 2 more losses like these");
}

TEST(HandleData, ReadsAsManyAsAreThere) {
  MinidumpBuilder builder;
  builder.add_stream(12, ByteBuilder().u32(16).u32(32).u32(9).u32(0).fill(70).bytes());
  const Parsed parsed(builder);
  EXPECT_EQ(parsed.snapshot().handles.list.size(), 2u);
  EXPECT_EQ(parsed.snapshot().handles.total, 9u);
  EXPECT_THAT(
      parsed.notes(),
      ElementsAre("handles: claims 9 records of 32 bytes, and 2 fit in the 70 bytes there"));
}

TEST(HandleData, RefusesSizesThatCannotBe) {
  for (const auto& head : {ByteBuilder().u32(8).u32(32), ByteBuilder().u32(16).u32(31)}) {
    MinidumpBuilder builder;
    builder.add_stream(12, ByteBuilder(head).u32(1).u32(0).fill(64).bytes());
    const Parsed parsed(builder);
    EXPECT_TRUE(parsed.snapshot().handles.list.empty());
    EXPECT_EQ(parsed.notes().size(), 1u);
  }
}

TEST(HandleData, StaysSmallWithTensOfThousandsOfHandles) {
  MinidumpBuilder builder;
  const auto type = builder.place_string("Event");
  const auto name = builder.place_string("\\BaseNamedObjects\\one of very many");
  const auto info = test::place_object_infos(builder, {{6, ByteBuilder().u64(0).bytes()}});
  constexpr std::uint32_t kCount = 70'000;
  ByteBuilder list;
  list.u32(16).u32(40).u32(kCount).u32(0);
  for (std::uint32_t i = 1; i <= kCount; ++i)
    list.u64(4 * i).u32(type).u32(name).fill(16).u32(info).u32(0);
  builder.add_stream(12, list.bytes());
  const Parsed parsed(builder);
  const auto& handles = parsed.snapshot().handles;
  EXPECT_EQ(handles.total, kCount);
  EXPECT_EQ(handles.list.size(), 65'536u);
  EXPECT_EQ(handles.types.size(), 1u);
  EXPECT_EQ(handles.objects.size(), 16'384u);
  EXPECT_FALSE(handles.objects[1023].name.empty());
  EXPECT_TRUE(handles.objects[1024].name.empty());
  EXPECT_EQ(parsed.notes().size(), 2u);
}

TEST(HandleOperations, AreCounted) {
  MinidumpBuilder builder;
  builder.add_stream(18, ByteBuilder().u32(16).u32(24).u32(3).u32(0).fill(72).bytes());
  EXPECT_EQ(Parsed(builder).snapshot().handles.operations, 3u);
  MinidumpBuilder damaged;
  damaged.add_stream(18, ByteBuilder().u32(16).u32(0).u32(3).u32(0).fill(72).bytes());
  EXPECT_THAT(Parsed(damaged).notes(),
              ElementsAre("HandleOperationListStream: its head claims 16 bytes, and entries of 0"));
}

}  // namespace
}  // namespace vigil::minidump
