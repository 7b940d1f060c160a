// SPDX-License-Identifier: Apache-2.0
#include "pdb/info.h"

#include <algorithm>

#include <fmt/format.h>

#include "pdb/format.h"

namespace vigil::pdb {
namespace {

/// Files that embed thousands of sources by name have some hundred kilobytes.
constexpr std::uint64_t kMaxInfoBytes = 4 << 20;
/// What Windows allows for a path; frame programs are shorter.
constexpr std::uint64_t kMaxNameBytes = 32'768;

struct NamedStream {
  std::uint32_t name;
  std::uint32_t stream;
};

/// Walks the serialised hash table of named streams: the size of the strings, the strings, counts,
/// two bit sets, the entries.
class NamedStreams {
 public:
  explicit NamedStreams(ByteView bytes) : bytes_(bytes) {}

  [[nodiscard]] Status read() {
    VIGIL_TRY_ASSIGN(const auto strings_size, bytes_.read<std::uint32_t>(0));
    VIGIL_TRY_ASSIGN(strings_, bytes_.slice(sizeof(std::uint32_t), strings_size));
    std::uint64_t at = sizeof(std::uint32_t) + strings_.size();
    VIGIL_TRY_ASSIGN(const auto count, bytes_.read<std::uint32_t>(at));
    at += 2 * sizeof(std::uint32_t);     // its capacity follows
    for (int set = 0; set < 2; ++set) {  // present, deleted
      VIGIL_TRY_ASSIGN(const std::uint64_t words, bytes_.read<std::uint32_t>(at));
      at += sizeof(std::uint32_t) * (1 + words);
    }
    VIGIL_TRY_ASSIGN(entries_, bytes_.read_array<NamedStream>(at, count));
    end_ = at + count * sizeof(NamedStream);
    return {};
  }

  [[nodiscard]] std::uint32_t find(std::string_view name) const {
    for (std::uint64_t i = 0; i < entries_.size(); ++i) {
      const NamedStream entry = entries_[i];
      const auto text = strings_.clamp(entry.name, name.size() + 1).text();
      if (text.size() == name.size() + 1 && text.starts_with(name) && text.back() == '\0') {
        return entry.stream;
      }
    }
    return 0;
  }

  /// Where the feature codes begin.
  [[nodiscard]] std::uint64_t end() const noexcept { return end_; }

 private:
  ByteView bytes_;
  ByteView strings_;
  RawArray<NamedStream> entries_;
  std::uint64_t end_ = 0;
};

bool has_feature(ByteView codes, std::uint32_t wanted) {
  for (std::uint64_t at = 0; codes.contains(at, sizeof(wanted)); at += sizeof(wanted)) {
    const auto code = codes.read<std::uint32_t>(at);
    if (!code.ok() || *code == format::kFeatureVc110) return false;
    if (*code == wanted) return true;
  }
  return false;
}

}  // namespace

Result<Info> read_info(const Stream& stream) {
  VIGIL_TRY_ASSIGN(const auto header, stream.read<format::InfoHeader>(0));
  if (header.version < format::kInfoVersionVc70) {
    return Error{Errc::Unsupported, fmt::format("version {} of the information stream is older "
                                                "than Visual C++ 7",
                                                header.version)};
  }
  Info info{.guid = header.guid, .age = header.age, .signature = header.signature};
  Scratch scratch;
  const std::uint64_t rest_size = std::min(stream.size() - sizeof(header), kMaxInfoBytes);
  const auto rest = stream.read(sizeof(header), rest_size, scratch);
  if (!rest.ok()) return info;
  NamedStreams named(*rest);
  if (!named.read().ok()) return info;
  info.names_stream = named.find("/names");
  info.minimal = has_feature(rest->clamp(named.end(), rest->size()), format::kFeatureMinimal);
  return info;
}

Result<Names> Names::open(const Stream& stream) {
  VIGIL_TRY_ASSIGN(const auto header, stream.read<format::NamesHeader>(0));
  if (header.signature != format::kNamesSignature) {
    return Error{Errc::Malformed, fmt::format("/names starts with {:#010x}, not with {:#010x}",
                                              header.signature, format::kNamesSignature)};
  }
  Names names;
  names.strings_ = stream.part(sizeof(header), header.size);
  return names;
}

std::string Names::at(std::uint32_t offset) const {
  auto text = strings_.c_string(offset, kMaxNameBytes);
  return text.ok() ? std::move(text).take() : std::string{};
}

}  // namespace vigil::pdb
