// SPDX-License-Identifier: Apache-2.0
#include "inbox_folder.h"

#include <utility>

#include <windows.h>

#include <fmt/format.h>

#include "base/utf.h"
#include "platform/platform.h"
#include "platform/win/drop_box_file.h"
#include "platform/win/text.h"
#include "platform/win/win_error.h"

namespace vigil::service {
namespace {

struct FindHandleTraits {
  using Raw = HANDLE;
  static Raw invalid() noexcept { return INVALID_HANDLE_VALUE; }
  static void close(Raw raw) noexcept { ::FindClose(raw); }
};
using FindHandle = platform::UniqueHandle<FindHandleTraits>;

class DiskInboxFile final : public InboxFile {
 public:
  DiskInboxFile(platform::DropBoxFile file, std::filesystem::path data_folder)
      : file_(std::move(file)), data_folder_(std::move(data_folder)) {}
  std::uint64_t size() const override { return file_.size(); }
  Timestamp modified() const override { return file_.modified(); }
  bool is_from_administrator() const override { return file_.is_from_administrator(); }
  std::string owner() const override { return file_.owner(); }
  Result<std::string> read_start(std::size_t count) override { return file_.read_start(count); }
  Status move_to(const std::string& dump_file) override {
    const auto target = data_folder_ / path_from_utf8(dump_file).make_preferred();
    VIGIL_TRY(platform::create_folders(target.parent_path()));
    return file_.move_to(target);
  }
  Status remove() override { return file_.remove(); }

 private:
  platform::DropBoxFile file_;
  std::filesystem::path data_folder_;
};

InboxFolder::Entry entry_from(const WIN32_FIND_DATAW& found) {
  return {platform::utf8_from_wide(found.cFileName),
          (std::uint64_t{found.nFileSizeHigh} << 32) | found.nFileSizeLow,
          timestamp_from_filetime((std::uint64_t{found.ftLastWriteTime.dwHighDateTime} << 32) |
                                  found.ftLastWriteTime.dwLowDateTime)};
}

}  // namespace

DiskInboxFolder::DiskInboxFolder(const std::filesystem::path& inbox,
                                 std::filesystem::path data_folder)
    : inbox_(platform::verbatim_path(inbox)), data_folder_(std::move(data_folder)) {}

std::filesystem::path DiskInboxFolder::path_of(const std::string& name) const {
  return inbox_ / path_from_utf8(name);
}

Status DiskInboxFolder::visit(const std::function<bool(Entry&&)>& take) {
  WIN32_FIND_DATAW found{};
  const auto pattern = inbox_ / L"*";
  const FindHandle search(::FindFirstFileExW(pattern.c_str(), FindExInfoBasic, &found,
                                             FindExSearchNameMatch, nullptr,
                                             FIND_FIRST_EX_LARGE_FETCH));
  if (!search) {
    return platform::from_last_error(fmt::format("cannot list {}", utf8_from_path(inbox_)));
  }
  do {
    if ((found.dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY) != 0) continue;
    auto entry = entry_from(found);
    if (platform::wide_from_utf8(entry.name) == found.cFileName) {
      if (!take(std::move(entry))) break;
    } else {
      // No text has such a name (an unpaired surrogate), and no dumper gives it: it can only be in
      // the way.
      ::DeleteFileW((inbox_ / found.cFileName).c_str());
    }
  } while (::FindNextFileW(search.get(), &found) != FALSE);
  return {};
}

InboxFolder::Owner DiskInboxFolder::owner_of(const std::string& name) {
  auto owner = platform::drop_box_owner(path_of(name));
  return {std::move(owner.id), owner.is_administrator};
}

Result<std::unique_ptr<InboxFile>> DiskInboxFolder::open(const std::string& name) {
  VIGIL_TRY_ASSIGN(auto file, platform::DropBoxFile::open(path_of(name)));
  return std::unique_ptr<InboxFile>(std::make_unique<DiskInboxFile>(std::move(file), data_folder_));
}

Status DiskInboxFolder::remove(const std::string& name) {
  const auto path = path_of(name);
  // Of a link this removes the link.
  if (::DeleteFileW(path.c_str()) != FALSE || ::GetLastError() == ERROR_FILE_NOT_FOUND) return {};
  return platform::from_last_error(fmt::format("cannot remove {}", utf8_from_path(path)));
}

}  // namespace vigil::service
