// SPDX-License-Identifier: Apache-2.0
#include <atomic>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "platform/platform.h"
#include "platform/read_handle.h"

namespace vigil::platform {
namespace {

/// A fault in a mapping brings in that much, for the price of several reads.
constexpr std::uint64_t kFaultBytes = 64 * 1024;
constexpr std::uint64_t kReadsForAFault = 8;
/// Files that are held open at once; the next ones are mapped. Systems allow a process 256 and
/// more.
constexpr int kMaxHandles = 128;

/// Counts the handles in use.
class HandleCount {
 public:
  HandleCount() { ++handles; }
  HandleCount(const HandleCount&) = delete;
  HandleCount& operator=(const HandleCount&) = delete;
  ~HandleCount() { --handles; }
  static bool too_many() { return handles > kMaxHandles; }

 private:
  static inline std::atomic<int> handles = 0;
};

struct OpenFile {
  explicit OpenFile(ReadHandle opened) : handle(std::move(opened)) {}
  ReadHandle handle;
  HandleCount counted;
};

}  // namespace

struct OnDemandFile::Impl {
  explicit Impl(ReadHandle opened) : file(std::in_place, std::move(opened)) {}
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;
  ~Impl() { unmap(mapped); }

  Status map() {
    VIGIL_TRY_ASSIGN(mapped, file->handle.map());
    file.reset();
    return {};
  }

  std::optional<OpenFile> file;  // until it is mapped
  ByteView mapped;
  std::uint64_t size = file->handle.size();
  std::int64_t modified_ns = file->handle.modified_ns();
  std::uint64_t reads = 0;
  std::vector<char> buffer;  // what was read last
};

OnDemandFile::OnDemandFile(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
OnDemandFile::OnDemandFile(OnDemandFile&& other) noexcept = default;
OnDemandFile& OnDemandFile::operator=(OnDemandFile&& other) noexcept = default;
OnDemandFile::~OnDemandFile() = default;

Result<OnDemandFile> OnDemandFile::open(const std::filesystem::path& path) {
  VIGIL_TRY_ASSIGN(auto handle, ReadHandle::open(path));
  auto impl = std::make_unique<Impl>(std::move(handle));
  if (HandleCount::too_many()) VIGIL_TRY(impl->map());
  return OnDemandFile(std::move(impl));
}

std::uint64_t OnDemandFile::size() const noexcept {
  return impl_->size;
}

std::int64_t OnDemandFile::modified_ns() const noexcept {
  return impl_->modified_ns;
}

ByteView OnDemandFile::view(std::uint64_t offset, std::size_t size) {
  auto& self = *impl_;
  if (self.file) {
    // By then a mapping, all of whose pages had to be brought in, would have cost as much.
    const bool often = ++self.reads > (1 + self.size / kFaultBytes) * kReadsForAFault;
    if (!often || !self.map().ok()) {  // what cannot be mapped goes on being read
      if (self.buffer.size() < size) self.buffer.resize(size);
      const auto got = self.file->handle.read(offset, std::span(self.buffer).first(size));
      return ByteView(std::string_view(self.buffer.data(), got));
    }
  }
  return self.mapped.clamp(offset, size);
}

Result<ByteView> OnDemandFile::bytes() {
  if (impl_->file) VIGIL_TRY(impl_->map());
  return impl_->mapped;
}

}  // namespace vigil::platform
