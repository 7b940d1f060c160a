// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "image/image.h"
#include "snapshot/snapshot.h"

namespace vigil::pipeline {

/// The captured memory, and where the capture has nothing, the modules' images: small dumps leave
/// out what files hold anyway. It owns nothing.
class BackedMemory final : public snapshot::Memory {
 public:
  BackedMemory(snapshot::Memory& captured,
               const std::vector<snapshot::Module>& modules,
               const snapshot::ModuleMap& map,
               image::ImageSource& images)
      : captured_(captured), modules_(modules), map_(map), images_(images) {}

  [[nodiscard]] ByteView at(std::uint64_t address, std::uint64_t size) override;

 private:
  snapshot::Memory& captured_;
  const std::vector<snapshot::Module>& modules_;
  const snapshot::ModuleMap& map_;
  image::ImageSource& images_;
};

}  // namespace vigil::pipeline
