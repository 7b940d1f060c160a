// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <limits>
#include <string>

#include "unwind/unwind.h"

namespace vigil::unwind {
namespace {

constexpr auto kMaxRva = std::numeric_limits<std::uint32_t>::max();

/// The size of an entry of \p machine's exception directory.
std::uint32_t entry_bytes(image::Machine machine) {
  if (machine == image::Machine::Amd64) return 3 * sizeof(std::uint32_t);
  return machine == image::Machine::Arm64 ? 2 * sizeof(std::uint32_t) : 0;
}

std::uint32_t begin_of(ByteView entry) {
  const auto begin = entry.read<std::uint32_t>(0);
  return begin.ok() ? *begin : 0;
}

/// The entries by where their functions begin. Who registers a table may leave it unsorted.
std::string sorted(ByteView entries, std::uint32_t entry_size) {
  std::vector<ByteView> order;
  order.reserve(static_cast<std::size_t>(entries.size() / entry_size));
  for (std::uint64_t at = 0; at < entries.size(); at += entry_size)
    order.push_back(entries.clamp(at, entry_size));
  std::ranges::sort(order, {}, begin_of);
  std::string bytes;
  bytes.reserve(static_cast<std::size_t>(entries.size()));
  for (const auto entry : order) bytes += entry.text();
  return bytes;
}

bool is_sorted(ByteView entries, std::uint32_t entry_size) {
  std::uint32_t last = 0;
  for (std::uint64_t at = 0; at < entries.size(); at += entry_size) {
    const auto begin = begin_of(entries.clamp(at, entry_size));
    if (begin < last) return false;
    last = begin;
  }
  return true;
}

}  // namespace

/// The memory behind a table's base, as the bytes of an image.
class GeneratedCode::Region final : public ByteSource {
 public:
  Region(const snapshot::FunctionTable& table, snapshot::Memory& memory, image::Machine machine)
      : memory_(memory), base_(table.base), size_(table.maximum - table.base) {
    auto entries = table.entries;
    if (!is_sorted(entries, table.entry_size)) {
      sorted_ = sorted(entries, table.entry_size);
      entries = ByteView(std::string_view(sorted_));
    }
    image_ = image::PeImage::generated(*this, machine,
                                       static_cast<std::uint32_t>(table.minimum - table.base),
                                       static_cast<std::uint32_t>(size_), entries);
  }

  [[nodiscard]] std::uint64_t size() const noexcept override { return kMaxRva; }
  [[nodiscard]] Result<ByteView> view(std::uint64_t offset, std::uint64_t size) override {
    const auto bytes = memory_.at(base_ + offset, size);
    if (bytes.size() < size) return Error{Errc::NotFound, "not captured"};
    return bytes;
  }
  [[nodiscard]] const image::PeImage* image() const { return &*image_; }

 private:
  snapshot::Memory& memory_;
  std::uint64_t base_;
  std::uint64_t size_;
  std::string sorted_;
  std::optional<image::PeImage> image_;
};

GeneratedCode::GeneratedCode(const std::vector<snapshot::FunctionTable>& tables,
                             snapshot::Memory& memory,
                             image::Machine machine)
    : tables_(tables), memory_(memory), machine_(machine) {}
GeneratedCode::~GeneratedCode() = default;

std::optional<GeneratedCode::Found> GeneratedCode::find(std::uint64_t address) {
  const auto behind =
      std::ranges::upper_bound(tables_, address, {}, &snapshot::FunctionTable::minimum);
  if (behind == tables_.begin()) return std::nullopt;
  const auto& table = *std::prev(behind);
  const bool is_there =
      address < table.maximum && table.entry_size == entry_bytes(machine_) && table.size() > 0;
  const bool has_rvas = table.base <= table.minimum && table.maximum - table.base <= kMaxRva;
  if (!is_there || !has_rvas) return std::nullopt;
  auto& region = regions_[&table];
  if (region == nullptr) region = std::make_unique<Region>(table, memory_, machine_);
  return Found{table.base, region->image()};
}

}  // namespace vigil::unwind
