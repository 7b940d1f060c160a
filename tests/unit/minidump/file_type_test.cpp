// SPDX-License-Identifier: Apache-2.0
#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/utf.h"
#include "parsed.h"

namespace vigil::minidump {
namespace {

namespace fs = std::filesystem;
using namespace std::string_view_literals;
using ::testing::EndsWith;
using ::testing::HasSubstr;

TEST(FileType, NamesOtherKindsOfFiles) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"PAGEDU64"sv, "a 64-bit kernel dump"},
      {"PAGEDUMP"sv, "a 32-bit kernel dump"},
      {"PMDM\x93\xa7"sv, "a big-endian minidump"},
      {"\x7f"
       "ELF\2\1"sv,
       "an ELF file"},
      {"\x7f"
       "ELF\2\1\1\0\0\0\0\0\0\0\0\0\4\0"sv,
       "an ELF core dump"},
      {"\xcf\xfa\xed\xfe\7\0\0\1"sv, "a 64-bit Mach-O file, such as a macOS core dump"},
      {"MODULE windows x86_64 0123"sv, "a Breakpad symbol file"},
      {"-----BEGIN BREAKPAD MICRODUMP-----\nV L:"sv, "a Breakpad microdump"},
      {"  \r\n<!DOCTYPE HTML PUBLIC"sv, "a web page"},
      {"\xef\xbb\xbf<?xml version=\"1.0\"?>"sv, "XML"},
      {"\xff\xfeV\0e\0r\0s\0i\0o\0n\0=\0001\0\r\0\n\0E\0v\0e\0n\0t\0T\0y\0p\0e\0=\0"sv,
       "a report of Windows Error Reporting (.wer)"},
      {"{\"schema_version\":1"sv, "JSON"},
      {"ElfFile\0\0"sv, "an event log"},
      {"PK\3\4abcd"sv, "a ZIP archive"},
      {"\x1f\x8b\x08"sv, "compressed with gzip"},
      {"MZ\x90\0"sv, "a Windows program or library"},
      {"Microsoft C/C++ MSF 7.00\r\n\x1a"sv, "a PDB"},
  };
  for (const auto& [bytes, what] : cases) {
    const auto error = refusal(bytes);
    EXPECT_EQ(error.code(), Errc::Unsupported);
    EXPECT_THAT(error.message(), HasSubstr(what));
  }
}

TEST(FileType, ShowsHowAnUnknownFileBegins) {
  const auto error = refusal("hello world");
  EXPECT_EQ(error.code(), Errc::Malformed);
  EXPECT_EQ(error.message(),
            "file is no dump: it begins with 68 65 6c 6c 6f 20 77 6f, and not with MDMP, as a "
            "minidump, or with PAGEDU64 or PAGEDUMP, as a kernel dump");
  EXPECT_THAT(refusal("M").message(), HasSubstr("it begins with 4d, and not"));
}

TEST(FileType, KnowsTheFirstBytesOfAKernelDump) {
  for (const std::string whole : {"PAGEDU64", "PAGEDUMP"}) {
    for (std::size_t size = 1; size < whole.size(); ++size) {
      const auto error = refusal(whole.substr(0, size));
      EXPECT_EQ(error.code(), Errc::Truncated) << size;
      EXPECT_THAT(error.message(), HasSubstr("of a kernel dump: it is cut off")) << size;
    }
  }
}

TEST(FileType, NamesAFileThatWasNeverWritten) {
  const auto error = refusal(std::string(200, '\0'));
  EXPECT_EQ(error.code(), Errc::Malformed);
  EXPECT_EQ(error.message(),
            "file begins with zeros only: it was never written, or its disk lost it");
}

TEST(FileType, RefusesAnEmptyFile) {
  EXPECT_EQ(refusal("").message(), "file is empty");
}

/// A folder of this test alone, gone when it ends.
struct TestFolder {
  TestFolder() {
    const auto* const test = ::testing::UnitTest::GetInstance()->current_test_info();
    path =
        fs::temp_directory_path() / path_from_utf8(std::string("vigil-minidump-") + test->name());
    fs::remove_all(path);
    fs::create_directories(path);
  }
  ~TestFolder() { fs::remove_all(path); }
  [[nodiscard]] fs::path write(std::string_view name, std::string_view bytes) const {
    const auto file = path / path_from_utf8(name);
    std::ofstream(file, std::ios::binary)
        .write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    return file;
  }
  fs::path path;
};

TEST(Open, ReadsAFileWhateverItsName) {
  const TestFolder folder;
  const auto file = folder.write("größe – 大.txt", test::MinidumpBuilder().finish());
  const auto dump = Minidump::open(file);
  ASSERT_TRUE(dump.ok()) << dump.error().message();
  EXPECT_EQ((*dump)->snapshot().system.cpu, snapshot::Cpu::Amd64);
}

TEST(Open, NamesTheFileOnceInEachFailure) {
  const TestFolder folder;
  const auto other = folder.write("other.dmp", "hello world");
  const auto empty = folder.write("empty.dmp", "");
  for (const auto& path : {other, empty, folder.path, folder.path / "missing.dmp"}) {
    const auto dump = Minidump::open(path);
    ASSERT_FALSE(dump.ok());
    const auto name = utf8_from_path(path);
    const auto first = dump.error().message().find(name);
    EXPECT_NE(first, std::string::npos) << dump.error().message();
    EXPECT_EQ(dump.error().message().find(name, first + 1), std::string::npos)
        << dump.error().message();
  }
  EXPECT_EQ(Minidump::open(folder.path / "missing.dmp").error().code(), Errc::NotFound);
  EXPECT_THAT(Minidump::open(empty).error().message(), EndsWith("empty.dmp: file is empty"));
}

}  // namespace
}  // namespace vigil::minidump
