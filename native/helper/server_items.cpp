// IOPCItemIO: items by their ids, without a group.
#include "../common/text/utf.h"
#include "server_link.h"

namespace understudy::helper {
namespace {

std::vector<std::wstring> WideTexts(const std::vector<std::u16string>& texts) {
  std::vector<std::wstring> wide;
  for (const auto& text : texts) wide.push_back(understudy::WideOf(text));
  return wide;
}

std::vector<LPCWSTR> Pointers(const std::vector<std::wstring>& texts) {
  std::vector<LPCWSTR> pointers;
  for (const auto& text : texts) pointers.push_back(text.c_str());
  return pointers;
}

}  // namespace

HRESULT ServerLink::ReadItemIds(const wire::ReadItemIds& request, wire::States& answer) {
  const auto io = Interface<IOPCItemIO>();
  if (!io) return E_NOINTERFACE;
  const auto count = static_cast<DWORD>(request.item_ids.size());
  if (count == 0 || request.max_ages_ms.size() != count) return E_INVALIDARG;
  const auto texts = WideTexts(request.item_ids);
  auto pointers = Pointers(texts);
  std::vector<DWORD> ages(request.max_ages_ms.begin(), request.max_ages_ms.end());
  TaskArray<VARIANT> values;
  TaskArray<WORD> qualities;
  TaskArray<FILETIME> times;
  TaskArray<HRESULT> errors;
  const HRESULT result = io->Read(count, pointers.data(), ages.data(), values.Out(count), qualities.Out(count),
                                  times.Out(count), errors.Out(count));
  if (FAILED(result)) return result;
  if (!values || !qualities || !times || !errors) return E_POINTER;
  StatesBuilder builder(count);
  for (DWORD index = 0; index < count; ++index) {
    builder.Add(errors[index], qualities[index], times[index], values[index]);
  }
  answer = builder.Finish();
  return result;
}

HRESULT ServerLink::WriteItemIds(const wire::WriteItemIds& request, wire::Errors& answer) {
  const auto io = Interface<IOPCItemIO>();
  if (!io) return E_NOINTERFACE;
  const size_t count = request.item_ids.size();
  const bool with_vqt = !request.given.empty();
  if (count == 0 || request.values.count != count) return E_INVALIDARG;
  if (with_vqt &&
      (request.given.size() != count || request.qualities.size() != count || request.timestamps.size() != count)) {
    return E_INVALIDARG;
  }
  VariantList values;
  const HRESULT taken = values.Take(request.values);
  if (FAILED(taken)) return taken;
  std::vector<OPCITEMVQT> vqts(count);
  for (size_t index = 0; index < count; ++index) {
    OPCITEMVQT& vqt = vqts[index];
    vqt = {};
    vqt.vDataValue = values[index].get();  // still owned by the list
    if (!with_vqt) continue;
    vqt.bQualitySpecified = (request.given[index] & 1) != 0;
    vqt.wQuality = request.qualities[index];
    vqt.bTimeStampSpecified = (request.given[index] & 2) != 0;
    vqt.ftTimeStamp = FiletimeOf(request.timestamps[index]);
  }
  const auto texts = WideTexts(request.item_ids);
  auto pointers = Pointers(texts);
  TaskArray<HRESULT> errors;
  const HRESULT result =
      io->WriteVQT(static_cast<DWORD>(count), pointers.data(), vqts.data(), errors.Out(count));
  if (FAILED(result)) return result;
  if (!errors) return E_POINTER;
  answer.errors.assign(errors.get(), errors.get() + count);
  return result;
}

}  // namespace understudy::helper
