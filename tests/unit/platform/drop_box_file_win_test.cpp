// SPDX-License-Identifier: Apache-2.0
#include "platform/win/drop_box_file.h"

#include <windows.h>

#include <gtest/gtest.h>

#include "platform/platform.h"
#include "platform/win/processes.h"
#include "platform/win/registry.h"
#include "platform/win/security.h"

namespace vigil::platform {
namespace {

class DropBoxFileTest : public ::testing::Test {
 protected:
  DropBoxFileTest() {
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
  }
  ~DropBoxFileTest() override { std::filesystem::remove_all(folder_); }
  std::filesystem::path folder_ = std::filesystem::temp_directory_path() / L"vigil-drop-box-test";
};

TEST_F(DropBoxFileTest, ReadsMovesAndTakesOver) {
  ASSERT_TRUE(write_file_atomically(folder_ / L"a.dmp", "MDMP and more").ok());
  auto file = DropBoxFile::open(folder_ / L"a.dmp");
  ASSERT_TRUE(file.ok()) << file.error().message();
  EXPECT_EQ(file->size(), 13u);
  EXPECT_TRUE(file->is_from_administrator());
  EXPECT_EQ(file->read_start(4).value(), "MDMP");
  EXPECT_EQ(file->read_start(100).value(), "MDMP and more");
  const auto moved = file->move_to(folder_ / L"b.dmp");
  ASSERT_TRUE(moved.ok()) << moved.error().message();
  EXPECT_FALSE(std::filesystem::exists(folder_ / L"a.dmp"));
  EXPECT_TRUE(std::filesystem::exists(folder_ / L"b.dmp"));
}

TEST_F(DropBoxFileTest, KeepsOthersOutWhileItLives) {
  ASSERT_TRUE(write_file_atomically(folder_ / L"a.dmp", "MDMP").ok());
  const auto first = DropBoxFile::open(folder_ / L"a.dmp");
  ASSERT_TRUE(first.ok());
  const auto second = DropBoxFile::open(folder_ / L"a.dmp");
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().code(), Errc::Busy);
}

TEST_F(DropBoxFileTest, RemovesItself) {
  ASSERT_TRUE(write_file_atomically(folder_ / L"a.dmp", "MDMP").ok());
  auto file = DropBoxFile::open(folder_ / L"a.dmp");
  ASSERT_TRUE(file.ok());
  ASSERT_TRUE(file->remove().ok());
  EXPECT_FALSE(std::filesystem::exists(folder_ / L"a.dmp"));
}

TEST_F(DropBoxFileTest, ReplacesNothing) {
  ASSERT_TRUE(write_file_atomically(folder_ / L"a.dmp", "MDMP").ok());
  ASSERT_TRUE(write_file_atomically(folder_ / L"b.dmp", "older").ok());
  auto file = DropBoxFile::open(folder_ / L"a.dmp");
  ASSERT_TRUE(file.ok());
  EXPECT_FALSE(file->move_to(folder_ / L"b.dmp").ok());
}

TEST_F(DropBoxFileTest, NamesThatWin32WouldChangeAreOpenedAndRemovedAsTheyAre) {
  for (const auto* name : {L"a.txt. ", L"a.dmp.", L"nul.dmp", L"aux.event.json", L"con.txt"}) {
    const auto path = verbatim_path(folder_) / name;
    const FileHandle made(
        ::CreateFileW(path.c_str(), GENERIC_WRITE, 0, nullptr, CREATE_NEW, 0, nullptr));
    ASSERT_TRUE(made) << ::GetLastError();
  }
  std::size_t removed = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder_)) {
    auto file = DropBoxFile::open(verbatim_path(folder_) / entry.path().filename());
    ASSERT_TRUE(file.ok()) << file.error().message();
    EXPECT_TRUE(file->remove().ok());
    ++removed;
  }
  EXPECT_EQ(removed, 5u);
  EXPECT_TRUE(std::filesystem::is_empty(folder_));
}

TEST(VerbatimPath, IsAbsoluteAndStaysWhatItIs) {
  EXPECT_EQ(verbatim_path(L"C:\\a\\..\\b"), L"\\\\?\\C:\\b");
  EXPECT_EQ(verbatim_path(L"C:/a/b"), L"\\\\?\\C:\\a\\b");
  EXPECT_EQ(verbatim_path(L"\\\\server\\share\\a"), L"\\\\?\\UNC\\server\\share\\a");
  EXPECT_EQ(verbatim_path(L"\\\\?\\C:\\a"), L"\\\\?\\C:\\a");
  EXPECT_TRUE(verbatim_path(L"here").wstring().starts_with(L"\\\\?\\"));
}

TEST_F(DropBoxFileTest, TellsTheOwnerOfAFileThatSomebodyHolds) {
  ASSERT_TRUE(write_file_atomically(folder_ / L"a.dmp", "MDMP").ok());
  const auto held = DropBoxFile::open(folder_ / L"a.dmp");
  ASSERT_TRUE(held.ok());
  const auto owner = drop_box_owner(folder_ / L"a.dmp");
  EXPECT_TRUE(owner.is_administrator);
  EXPECT_EQ(owner.id, held->owner());
  EXPECT_TRUE(drop_box_owner(folder_ / L"nothing.dmp").id.empty());
}

TEST_F(DropBoxFileTest, ASecondNameOfAnAdministratorsFileIsNotAnAdministrators) {
  ASSERT_TRUE(write_file_atomically(folder_ / L"a.dmp", "MDMP").ok());
  ASSERT_NE(::CreateHardLinkW((folder_ / L"b.dmp").c_str(), (folder_ / L"a.dmp").c_str(), nullptr),
            FALSE);
  EXPECT_FALSE(drop_box_owner(folder_ / L"b.dmp").is_administrator);
}

TEST(ProcessUser, IsWhoeverOwnsWhatTheProcessMakes) {
  const auto own = process_user(ProcessId{::GetCurrentProcessId()});
  ASSERT_TRUE(own.ok()) << own.error().message();
  EXPECT_TRUE(own->user.starts_with("S-1-5-")) << own->user;
  EXPECT_EQ(own->start, creation_time(::GetCurrentProcess()).value());
  EXPECT_FALSE(process_user(ProcessId{0xfffffff0}).ok());
}

// Every error path.

TEST_F(DropBoxFileTest, RefusesWhatIsNoPlainFile) {
  std::filesystem::create_directories(folder_ / L"folder.dmp");
  EXPECT_EQ(DropBoxFile::open(folder_ / L"folder.dmp").error().code(), Errc::Malformed);
  EXPECT_EQ(DropBoxFile::open(folder_ / L"nothing.dmp").error().code(), Errc::NotFound);
}

TEST_F(DropBoxFileTest, RefusesAFileWithASecondName) {
  ASSERT_TRUE(write_file_atomically(folder_ / L"a.dmp", "MDMP").ok());
  ASSERT_NE(::CreateHardLinkW((folder_ / L"b.dmp").c_str(), (folder_ / L"a.dmp").c_str(), nullptr),
            FALSE);
  EXPECT_EQ(DropBoxFile::open(folder_ / L"b.dmp").error().code(), Errc::Malformed);
}

TEST(SecurityDescriptor, RefusesWhatIsNoAccessList) {
  EXPECT_TRUE(security_descriptor("O:BAG:BAD:PAI(A;OICI;FA;;;SY)").ok());
  EXPECT_FALSE(security_descriptor("everybody").ok());
}

TEST(Registry, ReadsWhatItWrote) {
  constexpr std::string_view kKey = "SOFTWARE\\Vigil\\UnitTest";
  {
    const auto key = RegistryKey::create(kKey);
    ASSERT_TRUE(key.ok()) << key.error().message();
    EXPECT_EQ(key->read_string("Text").value(), std::nullopt);
    const std::string text = "käse " + std::string(2'000, 'x');
    ASSERT_TRUE(key->write_string("Text", text).ok());
    EXPECT_EQ(key->read_string("Text").value(), text);
    ASSERT_TRUE(key->write_dword("Number", 7).ok());
    EXPECT_EQ(key->read_string("Number").error().code(), Errc::Malformed);
    ASSERT_TRUE(key->erase("Text").ok());
    ASSERT_TRUE(key->erase("Text").ok());
    EXPECT_EQ(key->read_string("Text").value(), std::nullopt);
  }
  EXPECT_TRUE(remove_registry_key(kKey).ok());
  EXPECT_TRUE(remove_registry_key(kKey).ok());
  EXPECT_EQ(RegistryKey::open(kKey).error().code(), Errc::NotFound);
}

}  // namespace
}  // namespace vigil::platform
