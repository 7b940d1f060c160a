// SPDX-License-Identifier: Apache-2.0
#include "capture/image_facts.h"

#include <gtest/gtest.h>

#include "unit/capture/fakes.h"

namespace vigil::capture {
namespace {

using testing::FakeMemory;
using namespace std::string_view_literals;

constexpr std::uint64_t kBase = 0x140000000;
constexpr std::uint64_t kPe = kBase + 0x80;

/// A module with a CodeView record and a version, as the loader maps it.
struct MappedImage {
  MappedImage() {
    memory.write(kBase, "MZ");
    memory.write_value<std::uint32_t>(kBase + 0x3c, 0x80);
    memory.write(kPe, "PE\0\0"sv);
    memory.write_value<std::uint32_t>(kPe + 8, 0x61626364);
    memory.write_value<std::uint16_t>(kPe + 0x18, 0x20b);
    memory.write_value<std::uint32_t>(kPe + 0x58, 0x1234);
    memory.write_value<std::uint32_t>(kPe + 0x98, 0x3000);
    memory.write_value<std::uint32_t>(kPe + 0x9c, 0x1000);
    memory.write_value<std::uint32_t>(kPe + 0xb8, 0x1000);
    memory.write_value<std::uint32_t>(kPe + 0xbc, 56);
    memory.write_value<std::uint32_t>(kBase + 0x1000 + 12,
                                      16);  // a debug entry that is not CodeView
    memory.write_value<std::uint32_t>(kBase + 0x101c + 12, 2);
    memory.write_value<std::uint32_t>(kBase + 0x101c + 16, 30);
    memory.write_value<std::uint32_t>(kBase + 0x101c + 20, 0x2000);
    memory.write(kBase + 0x2000, "RSDS0123456789abcdefAGE!a.pdb\0"sv);
    directory(0x3000, 24, 0);
    directory(0x3000, 16, 0x80000100, 1);
    directory(0x3100, 1, 0x80000200);
    directory(0x3200, 1033, 0x300);
    memory.write_value<std::uint32_t>(kBase + 0x3300, 0x3400);
    memory.write_value<std::uint32_t>(kBase + 0x3400 + 0x28, 0xfeef04bd);
    memory.write_value<std::uint32_t>(kBase + 0x3400 + 0x28 + 48, 0x77);
  }

  void directory(std::uint64_t rva,
                 std::uint32_t id,
                 std::uint32_t offset,
                 std::uint32_t index = 0) {
    memory.write_value<std::uint16_t>(kBase + rva + 14, static_cast<std::uint16_t>(index + 1));
    memory.write_value<std::uint32_t>(kBase + rva + 16 + 8 * index, id);
    memory.write_value<std::uint32_t>(kBase + rva + 20 + 8 * index, offset);
  }
  ModuleRecord read() {
    ModuleRecord module{.base = kBase, .size = 0x4000};
    read_image_facts(memory, module);
    return module;
  }

  FakeMemory memory;
};

TEST(ImageFacts, AreReadFromALiveImage) {
  const auto module = MappedImage().read();
  EXPECT_EQ(module.timestamp, 0x61626364u);
  EXPECT_EQ(module.checksum, 0x1234u);
  EXPECT_EQ(module.codeview, testing::bytes_of("RSDS0123456789abcdefAGE!a.pdb\0"sv));
  EXPECT_EQ(module.version[0], 0xbd);
  EXPECT_EQ(module.version[48], 0x77);
}

TEST(ImageFacts, AreEmptyForWhatIsNoImage) {
  MappedImage image;
  image.memory.write(kPe, "NE");
  EXPECT_EQ(image.read().timestamp, 0u);
  MappedImage no_dos;
  no_dos.memory.write(kBase, "ZM");
  EXPECT_EQ(no_dos.read().timestamp, 0u);
  MappedImage wow;
  wow.memory.write_value<std::uint16_t>(kPe + 0x18, 0x10b);
  EXPECT_EQ(wow.read().timestamp, 0u);
}

TEST(ImageFacts, LoseOnlyWhatIsDamaged) {
  MappedImage image;
  image.memory.write_value<std::uint32_t>(kPe + 0xb8, 0xfffffff0);
  auto module = image.read();
  EXPECT_TRUE(module.codeview.empty());
  EXPECT_EQ(module.version[0], 0xbd);
  MappedImage other;
  other.memory.write(kBase + 0x2000, "NB10");
  EXPECT_TRUE(other.read().codeview.empty());
}

TEST(ImageFacts, SurviveAnyFieldOfTheHeadersAndDirectories) {
  for (std::uint64_t offset = 0; offset < 0x148; offset += 4) {
    for (const auto area : {kBase, kBase + 0x1000, kBase + 0x3000, kBase + 0x3200}) {
      for (const std::uint32_t value : {0u, 1u, 0x7fffffffu, 0x80000000u, 0xffffffffu}) {
        MappedImage image;
        image.memory.write_value(area + offset, value);
        const auto module = image.read();
        EXPECT_LE(module.codeview.size(), 4096u);
      }
    }
  }
}

struct LoaderList {
  static constexpr std::uint64_t kPeb = 0x7000'0000;
  static constexpr std::uint64_t kLoader = 0x7100'0000;
  LoaderList() {
    memory.write_value(kPeb + 0x18, kLoader);
    link(kLoader + 0x10, entry(0));
    for (std::uint64_t i = 0; i < 3; ++i) {
      link(entry(i), i == 2 ? kLoader + 0x10 : entry(i + 1));
      memory.write_value(entry(i) + 0x30, 0x1'0000'0000 * (i + 1));
      memory.write_value<std::uint64_t>(entry(i) + 0x40, 0x5000);
      memory.write_value<std::uint16_t>(entry(i) + 0x48, 4);
      memory.write_value(entry(i) + 0x50, entry(i) + 0x100);
      memory.write(entry(i) + 0x100, std::string_view("m\0x\0", 4));
    }
  }
  static std::uint64_t entry(std::uint64_t i) { return 0x7200'0000 + i * 0x1000; }
  void link(std::uint64_t from, std::uint64_t to) { memory.write_value(from, to); }
  FakeMemory memory;
};

TEST(LoaderListReader, GivesModulesInLoadOrder) {
  LoaderList list;
  const auto modules = read_loader_list(list.memory, LoaderList::kPeb);
  ASSERT_EQ(modules.size(), 3u);
  EXPECT_EQ(modules[2].base, 0x3'0000'0000u);
  EXPECT_EQ(modules[0].size, 0x5000u);
  EXPECT_EQ(modules[0].path, u"mx");
}

TEST(LoaderListReader, EndsAtALoopAndAtBrokenLinks) {
  LoaderList loop;
  loop.link(LoaderList::entry(2), LoaderList::entry(0));
  EXPECT_EQ(read_loader_list(loop.memory, LoaderList::kPeb).size(), 3u);
  LoaderList broken;
  broken.link(LoaderList::entry(1), 0xdead0000);
  EXPECT_EQ(read_loader_list(broken.memory, LoaderList::kPeb).size(), 2u);
  EXPECT_TRUE(read_loader_list(broken.memory, 0x1000).empty());
}

}  // namespace
}  // namespace vigil::capture
