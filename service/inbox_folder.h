// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "base/result.h"
#include "base/time.h"

namespace vigil::service {

/// One file of the inbox, held so that nobody else can change or exchange it.
class InboxFile {
 public:
  virtual ~InboxFile() = default;
  [[nodiscard]] virtual std::uint64_t size() const = 0;
  [[nodiscard]] virtual Timestamp modified() const = 0;
  /// Whether somebody who may do anything on this machine put it there.
  [[nodiscard]] virtual bool is_from_administrator() const = 0;
  /// Whose file it is, in the system's words.
  [[nodiscard]] virtual std::string owner() const = 0;
  [[nodiscard]] virtual Result<std::string> read_start(std::size_t count) = 0;
  /// Into the data folder, as \p dump_file (relative, with slashes), making folders; lasting.
  [[nodiscard]] virtual Status move_to(const std::string& dump_file) = 0;
  [[nodiscard]] virtual Status remove() = 0;
};

/// The folder, as the system gives it.
class InboxFolder {
 public:
  struct Entry {
    std::string name;
    std::uint64_t size = 0;
    Timestamp modified;
  };
  virtual ~InboxFolder() = default;
  struct Owner {
    std::string id;  ///< In the system's words; empty: it cannot be found out.
    bool is_administrator = false;
  };
  /// Hands everything in it but folders to \p take, until that says false. \p take may remove what
  /// it was given.
  [[nodiscard]] virtual Status visit(const std::function<bool(Entry&&)>& take) = 0;
  /// Whose \p name is, also while somebody holds it open.
  [[nodiscard]] virtual Owner owner_of(const std::string& name) = 0;
  /// Errc::NotFound: gone. Busy: somebody still writes it. Malformed: no plain file with one name.
  [[nodiscard]] virtual Result<std::unique_ptr<InboxFile>> open(const std::string& name) = 0;
  /// Removes \p name without looking at it.
  [[nodiscard]] virtual Status remove(const std::string& name) = 0;
};

/// The inbox on the disk.
class DiskInboxFolder final : public InboxFolder {
 public:
  DiskInboxFolder(const std::filesystem::path& inbox, std::filesystem::path data_folder);
  Status visit(const std::function<bool(Entry&&)>& take) override;
  Owner owner_of(const std::string& name) override;
  Result<std::unique_ptr<InboxFile>> open(const std::string& name) override;
  Status remove(const std::string& name) override;

 private:
  [[nodiscard]] std::filesystem::path path_of(const std::string& name) const;

  std::filesystem::path inbox_;  // in the form that takes every name as it is
  std::filesystem::path data_folder_;
};

}  // namespace vigil::service
