// SPDX-License-Identifier: Apache-2.0
#include <string_view>
#include <unordered_map>

#include "base/utf.h"
#include "minidump/kernel_object.h"
#include "minidump/streams.h"

namespace vigil::minidump {
namespace {

using snapshot::Handle;
using snapshot::Handles;
using snapshot::KernelObject;

/// Services that leak have tens of thousands; what is behind them is more of the same.
constexpr std::uint64_t kMaxHandles = 65'536;
/// Windows knows some 70 types of objects.
constexpr std::size_t kMaxTypes = 256;
constexpr std::uint64_t kMaxTypeNameBytes = 256;
/// Of objects that more is told of, and of their names: decoding them is what costs.
constexpr std::size_t kMaxObjects = 16'384;
constexpr std::size_t kMaxObjectNames = 1'024;
/// Damaged handles that are named one by one; a cut-off file has lost the names of all.
constexpr std::uint64_t kMaxNotedLosses = 16;

/// Fills Handles from the descriptors. Each has the name of its type at a place of its own, so a
/// type is known by the bytes of its name.
class HandleReader {
 public:
  HandleReader(Reader& reader, Handles& handles) : reader_(reader), handles_(handles) {}

  void add(const format::HandleDescriptor& raw, std::uint64_t object_rva) {
    auto& handle = handles_.list.emplace_back();
    handle.value = raw.handle;
    handle.type = type_at(raw.type_name_rva, raw.handle);
    handle.attributes = raw.attributes;
    handle.access = raw.granted_access;
    handle.handle_count = raw.handle_count;
    handle.pointer_count = raw.pointer_count;
    if (object_rva != 0) handle.object = object_at(object_rva, raw);
  }

  void finish() {
    if (lost_ > kMaxNotedLosses) {
      reader_.note(fmt::format("handles: and {} more losses like these", lost_ - kMaxNotedLosses));
    }
    if (passed_over_ != 0) {
      reader_.note(fmt::format("handles: {} objects past the first {} are not described",
                               passed_over_, kMaxObjects));
    }
  }

 private:
  std::uint32_t type_at(std::uint64_t rva, std::uint64_t handle) {
    if (rva == 0) return Handle::kNone;
    constexpr std::uint64_t kLengthBytes = 4;
    const auto head = reader_.file().clamp(rva, kLengthBytes);
    const auto length = head.read<std::uint32_t>(0);
    const auto name = length.ok() && *length <= kMaxTypeNameBytes
                          ? reader_.file().clamp(rva + kLengthBytes, *length)
                          : ByteView();
    if (!length.ok() || name.size() != *length) {
      lose(handle, "the name of its type is damaged");
      return Handle::kNone;
    }
    const auto known = types_.find(name.text());
    if (known != types_.end()) return known->second;
    if (handles_.types.size() == kMaxTypes) return Handle::kNone;
    const auto index = static_cast<std::uint32_t>(handles_.types.size());
    handles_.types.push_back(one_line(utf8_from_utf16_bytes(name).text));
    types_.emplace(name.text(), index);
    return index;
  }

  std::uint32_t object_at(std::uint64_t rva, const format::HandleDescriptor& raw) {
    if (handles_.objects.size() == kMaxObjects) {
      ++passed_over_;
      return Handle::kNone;
    }
    KernelObject object;
    const auto status = read_kernel_object(reader_, rva, object);
    if (!status.ok()) lose(raw.handle, status.error().message());
    if (object.kind == KernelObject::Kind::Other) return Handle::kNone;
    if (raw.object_name_rva != 0 && names_ < kMaxObjectNames) {
      ++names_;
      object.name = reader_.name_at(raw.object_name_rva,
                                    [&raw] { return fmt::format("handle {:#x}", raw.handle); });
    }
    handles_.objects.push_back(std::move(object));
    return static_cast<std::uint32_t>(handles_.objects.size() - 1);
  }

  void lose(std::uint64_t handle, std::string_view what) {
    if (++lost_ <= kMaxNotedLosses) reader_.note(fmt::format("handle {:#x}: {}", handle, what));
  }

  Reader& reader_;
  Handles& handles_;
  std::unordered_map<std::string_view, std::uint32_t> types_;  // by the bytes in the file
  std::size_t names_ = 0;
  std::uint64_t lost_ = 0;
  std::uint64_t passed_over_ = 0;
};

}  // namespace

Status read_handle_data(Reader& reader, ByteView stream, Handles& handles) {
  VIGIL_TRY_ASSIGN(const auto list, (sized_list<format::HandleDescriptor, std::uint32_t>(
                                        reader, "handles", stream, kMaxHandles)));
  handles.total = *stream.read<std::uint32_t>(sizeof(format::ListHeader));
  handles.list.reserve(static_cast<std::size_t>(list.size()));
  HandleReader handle_reader(reader, handles);
  for (std::uint64_t i = 0; i < list.size(); ++i) {
    const auto object = list.tail<format::HandleDescriptorObject>(i);
    handle_reader.add(list[i], object ? object->object_info_rva : 0);
  }
  handle_reader.finish();
  return {};
}

Status read_handle_operations(Reader& reader, ByteView stream, Handles& handles) {
  VIGIL_TRY_ASSIGN(const auto head, stream.read<format::HandleOperationList>(0));
  if (head.size_of_header < sizeof(head) || head.size_of_entry == 0) {
    return Error{Errc::Malformed, fmt::format("its head claims {} bytes, and entries of {}",
                                              head.size_of_header, head.size_of_entry)};
  }
  constexpr std::uint64_t kNoLimit = 0xffff'ffff;  // they are counted only
  handles.operations = usable_records(reader, "handle operations", head.number_of_entries,
                                      stream.clamp(head.size_of_header, stream.size()),
                                      head.size_of_entry, kNoLimit);
  return {};
}

}  // namespace vigil::minidump
