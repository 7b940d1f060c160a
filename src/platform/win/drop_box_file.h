// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>

#include "base/result.h"
#include "base/time.h"
#include "platform/win/handle.h"

namespace vigil::platform {

/// \p path as the system takes it without a change: absolute, behind `\\?\`. Other paths cannot
/// name files like `nul.dmp` or `a.txt.`, which anybody may make.
[[nodiscard]] std::filesystem::path verbatim_path(const std::filesystem::path& path);

struct DropBoxOwner {
  std::string id;  ///< `S-1-5-…`; empty when it cannot be found out.
  bool is_administrator =
      false;  ///< As DropBoxFile::is_from_administrator(), and of one name only.
};
/// Of a file that others may have open in whatever way.
[[nodiscard]] DropBoxOwner drop_box_owner(const std::filesystem::path& path);

/// A file in a folder that anybody may write to, opened so that nobody else can write, rename or
/// exchange it while this lives. What was checked stays true, because everything goes through the
/// one handle.
class DropBoxFile {
 public:
  /// Errc::Busy while somebody has it open for writing; Errc::Malformed for a folder, a link, or a
  /// file with a second name elsewhere; Errc::NotFound.
  [[nodiscard]] static Result<DropBoxFile> open(const std::filesystem::path& path);

  [[nodiscard]] std::uint64_t size() const noexcept { return size_; }
  [[nodiscard]] Timestamp modified() const noexcept { return modified_; }
  /// Whether an administrator, SYSTEM or this program's own account owns it.
  [[nodiscard]] bool is_from_administrator() const noexcept { return is_from_administrator_; }

  /// Who owns it, as `S-1-5-…`.
  [[nodiscard]] const std::string& owner() const noexcept { return owner_; }

  /// The first \p count bytes, or as many as there are.
  [[nodiscard]] Result<std::string> read_start(std::size_t count);

  /// Moves it to \p to on the same volume, replacing nothing. It gets the access of the folder that
  /// it is in then: its owner has no more say.
  [[nodiscard]] Status move_to(const std::filesystem::path& to);
  [[nodiscard]] Status remove();

 private:
  DropBoxFile(FileHandle file, std::filesystem::path path)
      : file_(std::move(file)), path_(std::move(path)) {}
  [[nodiscard]] Status check();
  [[nodiscard]] Status take_over();

  FileHandle file_;
  std::filesystem::path path_;  // for messages
  std::uint64_t size_ = 0;
  Timestamp modified_;
  bool is_from_administrator_ = false;
  std::string owner_;
};

}  // namespace vigil::platform
