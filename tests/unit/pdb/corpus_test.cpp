// SPDX-License-Identifier: Apache-2.0
#include <cstdint>
#include <filesystem>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/utf.h"
#include "pdb/pdb.h"
#include "platform/platform.h"

/// Names and structures in files of compilers and linkers, where a collection of them is at hand:
/// the structures are those of the system's headers, the addresses what other readers say.
namespace vigil::pdb {
namespace {

namespace fs = std::filesystem;

struct Member {
  const char* type;
  const char* path;
  std::uint64_t offset, size;
};
struct Known {
  const char* file;
  std::vector<Member> members;
  std::vector<std::pair<const char*, std::uint32_t>> names;
};
std::vector<Known> known_files() {
  return {
      {"getsentry__symbolic/symbolic-testutils/fixtures/windows/crash.pdb",
       {{"_IMAGE_DOS_HEADER", "e_lfanew", 0x3c, 4},
        {"_IMAGE_NT_HEADERS", "OptionalHeader.DataDirectory[6].Size", 0x18 + 0x60 + 6 * 8 + 4, 4},
        {"_CONTEXT", "Eip", 0xb8, 4},
        {"_EXCEPTION_RECORD", "ExceptionInformation[1]", 0x18, 4},
        {"_RTL_CRITICAL_SECTION", "OwningThread", 0xc, 4}},
       {{"main", 0x2910}, {"_main", 0x2910}, {"__security_cookie", 0x6000}}},
      {"KindTis__DumpAnalysisMCP/examples/cpp-crash-sample-4/CppConsoleApplication.pdb",
       {{"_CONTEXT", "Rip", 0xf8, 8},
        {"_CONTEXT", "FltSave.XmmRegisters[15].High", 0x100 + 0xa0 + 15 * 16 + 8, 8},
        {"_PEB", "Ldr", 0x18, 8},
        {"_PEB_LDR_DATA", "InMemoryOrderModuleList.Flink", 0x20, 8},
        {"_RTL_USER_PROCESS_PARAMETERS", "CommandLine.Buffer", 0x78, 8},
        {"_UNWIND_INFO", "Version", 0, 1}},
       {{"main", 0x11000 + 15104}, {"nothing", 0}}},
      {"rizinorg__rizin-testbins/pe/microsoft_seh_tests/ARM64/xframe_eh_dll.pdb",
       {{"_CONTEXT", "Pc", 0x108, 8}, {"_NT_TIB", "Self", 0x30, 8}},
       {{"DllMain", 0x1000 + 2016}}},
  };
}

class RealPdb : public testing::TestWithParam<Known> {};

TEST_P(RealPdb, HasWhatIsKnownOfIt) {
  const auto& known = GetParam();
  const auto path = path_from_utf8(VIGIL_TEST_DUMPS) / "dumps" / known.file;
  if (!fs::exists(path)) GTEST_SKIP() << path << " is not there";
  const auto file = platform::MappedFile::open(path);
  ASSERT_TRUE(file.ok());
  auto pdb = Pdb::open(**file);
  ASSERT_TRUE(pdb.ok()) << pdb.error().message();
  for (const auto& [type, member, offset, size] : known.members) {
    const auto found = pdb->find_member(type, member);
    ASSERT_TRUE(found) << type << '.' << member;
    EXPECT_EQ(found->offset, offset) << type << '.' << member;
    EXPECT_EQ(found->size, size) << type << '.' << member;
  }
  for (const auto& [name, rva] : known.names)
    EXPECT_EQ(pdb->find_name(name).value_or(0), rva) << name;
  EXPECT_THAT(pdb->diagnostics().notes(), testing::IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(All, RealPdb, testing::ValuesIn(known_files()));

}  // namespace
}  // namespace vigil::pdb
