// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "platform/platform.h"
#include "platform/read_handle.h"

namespace vigil::platform {

Result<std::unique_ptr<MappedFile>> MappedFile::open(const std::filesystem::path& path) {
  VIGIL_TRY_ASSIGN(const auto file, ReadHandle::open(path));
  VIGIL_TRY_ASSIGN(const auto bytes, file.map());
  return std::unique_ptr<MappedFile>(new MappedFile(bytes, file.modified_ns()));
}

Result<std::unique_ptr<MappedFile>> MappedFile::from_native_handle(std::uintptr_t handle) {
  VIGIL_TRY_ASSIGN(const auto file, ReadHandle::adopt(static_cast<std::intptr_t>(handle),
                                                      fmt::format("handle {}", handle)));
  VIGIL_TRY_ASSIGN(const auto bytes, file.map());
  return std::unique_ptr<MappedFile>(new MappedFile(bytes, file.modified_ns()));
}

MappedFile::~MappedFile() {
  unmap(bytes_);
}

}  // namespace vigil::platform
