// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>

#include "inbox.h"

namespace vigil::service {

/// The inbox on the disk.
class DiskInboxFolder final : public InboxFolder {
 public:
  DiskInboxFolder(std::filesystem::path inbox, std::filesystem::path data_folder)
      : inbox_(std::move(inbox)), data_folder_(std::move(data_folder)) {}
  Result<std::vector<Entry>> list(std::size_t limit) override;
  Result<std::unique_ptr<InboxFile>> open(const std::string& name) override;
  Status remove(const std::string& name) override;

 private:
  std::filesystem::path inbox_;
  std::filesystem::path data_folder_;
};

}  // namespace vigil::service
