// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <string_view>

#include "base/result.h"

/// The few file operations that differ between systems; file.cpp builds the module's promises on
/// them.
namespace vigil::platform {

/// An open file for writing, closed by the destructor. What is written is lasting after flush().
class OutputFile {
 public:
  /// Creates \p path anew; an existing file is replaced.
  [[nodiscard]] static Result<OutputFile> create(const std::filesystem::path& path);
  OutputFile(OutputFile&& other) noexcept;
  OutputFile& operator=(OutputFile&& other) noexcept;
  ~OutputFile();

  [[nodiscard]] Status write(std::string_view bytes);
  [[nodiscard]] Status flush();

 private:
  OutputFile(std::intptr_t handle, std::filesystem::path path)
      : handle_(handle), path_(std::move(path)) {}
  void close() noexcept;

  static constexpr std::intptr_t kClosed = -1;
  std::intptr_t handle_;
  std::filesystem::path path_;  // for messages
};

/// A number that no other process uses at this moment: for temporary names.
[[nodiscard]] std::uint32_t current_process_id() noexcept;

}  // namespace vigil::platform
