// SPDX-License-Identifier: Apache-2.0
#include "pipeline/backed_memory.h"

namespace vigil::pipeline {

ByteView BackedMemory::at(std::uint64_t address, std::uint64_t size) {
  const auto captured = captured_.at(address, size);
  if (!captured.empty()) return captured;
  const auto index = map_.find(address);
  const auto* image = index ? images_.image(*index) : nullptr;
  return image == nullptr ? ByteView{} : image->at(address - modules_[*index].base, size);
}

}  // namespace vigil::pipeline
