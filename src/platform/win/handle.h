// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <utility>

#include <windows.h>

namespace vigil::platform {

/// Owns one handle; closing keeps the last error, so that clean-up does not hide a failure.
template <class Traits>
class UniqueHandle {
 public:
  using Raw = typename Traits::Raw;

  UniqueHandle() noexcept = default;
  explicit UniqueHandle(Raw raw) noexcept : raw_(raw) {}
  UniqueHandle(UniqueHandle&& other) noexcept
      : raw_(std::exchange(other.raw_, Traits::invalid())) {}
  UniqueHandle& operator=(UniqueHandle&& other) noexcept {
    if (this != &other) {
      reset();
      raw_ = std::exchange(other.raw_, Traits::invalid());
    }
    return *this;
  }
  ~UniqueHandle() { reset(); }

  [[nodiscard]] Raw get() const noexcept { return raw_; }
  [[nodiscard]] explicit operator bool() const noexcept { return raw_ != Traits::invalid(); }
  [[nodiscard]] Raw release() noexcept { return std::exchange(raw_, Traits::invalid()); }
  /// For functions that give a handle through a pointer; closes what was held.
  [[nodiscard]] Raw* put() noexcept {
    reset();
    return &raw_;
  }
  void reset() noexcept {
    if (raw_ == Traits::invalid()) return;
    const DWORD error = ::GetLastError();
    Traits::close(std::exchange(raw_, Traits::invalid()));
    ::SetLastError(error);
  }

 private:
  Raw raw_ = Traits::invalid();
};

/// For CreateFile and its kin, which fail with INVALID_HANDLE_VALUE.
struct FileHandleTraits {
  using Raw = HANDLE;
  static Raw invalid() noexcept { return INVALID_HANDLE_VALUE; }
  static void close(Raw raw) noexcept { ::CloseHandle(raw); }
};
using FileHandle = UniqueHandle<FileHandleTraits>;

/// For kernel objects whose functions fail with a null handle: processes, threads, events, jobs,
/// tokens.
struct KernelHandleTraits {
  using Raw = HANDLE;
  static Raw invalid() noexcept { return nullptr; }
  static void close(Raw raw) noexcept { ::CloseHandle(raw); }
};
using KernelHandle = UniqueHandle<KernelHandleTraits>;

}  // namespace vigil::platform
