// The group object that a client gets from IOPCServer::AddGroup.
#pragma once

#include <opcda.h>

#include "agile_object.h"
#include "session.h"

namespace understudy {

template <>
struct ExtendedBy<IOPCGroupStateMgt2> {
  using Base = IOPCGroupStateMgt;
};
template <>
struct ExtendedBy<IOPCSyncIO2> {
  using Base = IOPCSyncIO;
};
template <>
struct ExtendedBy<IOPCAsyncIO3> {
  using Base = IOPCAsyncIO2;
};

class GroupObject;

// The group objects of a server object, by handle. Holds a reference on each.
class GroupObjects {
 public:
  void Add(uint32_t id, ComPtr<GroupObject> object);
  ComPtr<GroupObject> Find(uint32_t id);
  ComPtr<GroupObject> FindByName(const std::wstring& name);
  ComPtr<GroupObject> Take(uint32_t id);
  std::vector<ComPtr<GroupObject>> All();
  void Clear();

 private:
  Mutex mutex_;
  std::map<uint32_t, ComPtr<GroupObject>> objects_;
};

class GroupObject : public AgileObject<IOPCItemMgt, IOPCGroupStateMgt2, IOPCSyncIO2, IOPCAsyncIO3, IOPCAsyncIO, IDataObject,
                                       IConnectionPointContainer> {
 public:
  GroupObject(std::shared_ptr<Session> session, std::shared_ptr<Group> group, std::weak_ptr<GroupObjects> siblings);

  STDMETHODIMP QueryInterface(REFIID iid, void** out) override;
  Group& group() { return *group_; }

  // IOPCItemMgt
  STDMETHODIMP AddItems(DWORD count, OPCITEMDEF* items, OPCITEMRESULT** results, HRESULT** errors) override;
  STDMETHODIMP ValidateItems(DWORD count, OPCITEMDEF* items, BOOL blob_update, OPCITEMRESULT** results, HRESULT** errors) override;
  STDMETHODIMP RemoveItems(DWORD count, OPCHANDLE* handles, HRESULT** errors) override;
  STDMETHODIMP SetActiveState(DWORD count, OPCHANDLE* handles, BOOL active, HRESULT** errors) override;
  STDMETHODIMP SetClientHandles(DWORD count, OPCHANDLE* handles, OPCHANDLE* clients, HRESULT** errors) override;
  STDMETHODIMP SetDatatypes(DWORD count, OPCHANDLE* handles, VARTYPE* types, HRESULT** errors) override;
  STDMETHODIMP CreateEnumerator(REFIID iid, LPUNKNOWN* out) override;

  // IOPCGroupStateMgt, IOPCGroupStateMgt2
  STDMETHODIMP GetState(DWORD* rate, BOOL* active, LPWSTR* name, LONG* time_bias, FLOAT* deadband, DWORD* locale, OPCHANDLE* client,
                        OPCHANDLE* server) override;
  STDMETHODIMP SetState(DWORD* requested_rate, DWORD* revised_rate, BOOL* active, LONG* time_bias, FLOAT* deadband, DWORD* locale,
                        OPCHANDLE* client) override;
  STDMETHODIMP SetName(LPCWSTR name) override;
  STDMETHODIMP CloneGroup(LPCWSTR name, REFIID iid, LPUNKNOWN* out) override;
  STDMETHODIMP SetKeepAlive(DWORD keep_alive, DWORD* revised) override;
  STDMETHODIMP GetKeepAlive(DWORD* keep_alive) override;

  // IOPCSyncIO, IOPCSyncIO2
  STDMETHODIMP Read(OPCDATASOURCE source, DWORD count, OPCHANDLE* handles, OPCITEMSTATE** states, HRESULT** errors) override;
  STDMETHODIMP Write(DWORD count, OPCHANDLE* handles, VARIANT* values, HRESULT** errors) override;
  STDMETHODIMP ReadMaxAge(DWORD count, OPCHANDLE* handles, DWORD* max_ages, VARIANT** values, WORD** qualities, FILETIME** times,
                          HRESULT** errors) override;
  STDMETHODIMP WriteVQT(DWORD count, OPCHANDLE* handles, OPCITEMVQT* items, HRESULT** errors) override;

  // IOPCAsyncIO2, IOPCAsyncIO3
  STDMETHODIMP Read(DWORD count, OPCHANDLE* handles, DWORD transaction, DWORD* cancel_id, HRESULT** errors) override;
  STDMETHODIMP Write(DWORD count, OPCHANDLE* handles, VARIANT* values, DWORD transaction, DWORD* cancel_id, HRESULT** errors) override;
  STDMETHODIMP Refresh2(OPCDATASOURCE source, DWORD transaction, DWORD* cancel_id) override;
  STDMETHODIMP Cancel2(DWORD cancel_id) override;
  STDMETHODIMP SetEnable(BOOL enable) override;
  STDMETHODIMP GetEnable(BOOL* enable) override;
  STDMETHODIMP ReadMaxAge(DWORD count, OPCHANDLE* handles, DWORD* max_ages, DWORD transaction, DWORD* cancel_id, HRESULT** errors) override;
  STDMETHODIMP WriteVQT(DWORD count, OPCHANDLE* handles, OPCITEMVQT* items, DWORD transaction, DWORD* cancel_id, HRESULT** errors) override;
  STDMETHODIMP RefreshMaxAge(DWORD max_age, DWORD transaction, DWORD* cancel_id) override;

  // IOPCAsyncIO (DA 1.0)
  STDMETHODIMP Read(DWORD connection, OPCDATASOURCE source, DWORD count, OPCHANDLE* handles, DWORD* transaction, HRESULT** errors) override;
  STDMETHODIMP Write(DWORD connection, DWORD count, OPCHANDLE* handles, VARIANT* values, DWORD* transaction, HRESULT** errors) override;
  STDMETHODIMP Refresh(DWORD connection, OPCDATASOURCE source, DWORD* transaction) override;
  STDMETHODIMP Cancel(DWORD transaction) override;

  // IDataObject (DA 1.0)
  STDMETHODIMP GetData(FORMATETC* format, STGMEDIUM* medium) override;
  STDMETHODIMP GetDataHere(FORMATETC* format, STGMEDIUM* medium) override;
  STDMETHODIMP QueryGetData(FORMATETC* format) override;
  STDMETHODIMP GetCanonicalFormatEtc(FORMATETC* format, FORMATETC* out) override;
  STDMETHODIMP SetData(FORMATETC* format, STGMEDIUM* medium, BOOL release) override;
  STDMETHODIMP EnumFormatEtc(DWORD direction, IEnumFORMATETC** out) override;
  STDMETHODIMP DAdvise(FORMATETC* format, DWORD flags, IAdviseSink* sink, DWORD* connection) override;
  STDMETHODIMP DUnadvise(DWORD connection) override;
  STDMETHODIMP EnumDAdvise(IEnumSTATDATA** out) override;

  // IConnectionPointContainer
  STDMETHODIMP EnumConnectionPoints(IEnumConnectionPoints** out) override;
  STDMETHODIMP FindConnectionPoint(REFIID iid, IConnectionPoint** out) override;

 protected:
  ~GroupObject() override;

 private:
  enum class Source : uint8_t { kCache = 1, kDevice = 2, kMaxAge = 3 };

  Link& link() { return group_->link(); }
  // Sorts a call's handles: rows of known items, errors of the others.
  void Choose(DWORD count, const OPCHANDLE* handles, HRESULT* errors, std::vector<DWORD>& rows, std::vector<uint32_t>& items);
  std::vector<OPCHANDLE> ClientsOf(const std::vector<uint32_t>& items);
  HRESULT DefineItems(DWORD count, OPCITEMDEF* items, OPCITEMRESULT** results, HRESULT** errors, bool is_added);
  void AddPart(const OPCITEMDEF* items, DWORD begin, DWORD end, OPCITEMRESULT* results, HRESULT* errors);
  void ValidatePart(const OPCITEMDEF* items, DWORD begin, DWORD end, OPCITEMRESULT* results, HRESULT* errors);
  HRESULT ReadCache(DWORD count, const OPCHANDLE* handles, OPCITEMSTATE** states, HRESULT** errors);
  HRESULT ReadFrom(Source source, DWORD max_age_ms, const std::vector<uint32_t>& items, wire::States& states);
  HRESULT WriteItems(DWORD count, OPCHANDLE* handles, const VARIANT* values, const OPCITEMVQT* full, HRESULT** errors);
  HRESULT EncodeWrite(DWORD count, const OPCHANDLE* handles, const VARIANT* values, const OPCITEMVQT* full, uint8_t via, HRESULT* errors,
                      std::vector<DWORD>& rows, wire::Write& request);
  HRESULT StartRead(Source source, DWORD max_age_ms, DWORD count, OPCHANDLE* handles, DWORD transaction, DWORD connection,
                    DWORD* cancel_id, HRESULT** errors);
  HRESULT StartWrite(DWORD count, OPCHANDLE* handles, const VARIANT* values, const OPCITEMVQT* full, DWORD transaction, DWORD connection,
                     DWORD* cancel_id, HRESULT** errors);
  HRESULT StartRefresh(bool is_from_cache, DWORD transaction, DWORD connection, DWORD* cancel_id);

  const std::shared_ptr<Session> session_;
  const std::shared_ptr<Group> group_;
  const std::weak_ptr<GroupObjects> siblings_;
};

// Makes the COM object of a group and the pointer the client asked for.
HRESULT MakeGroupObject(const std::shared_ptr<Session>& session, const std::shared_ptr<Group>& group,
                        const std::shared_ptr<GroupObjects>& siblings, REFIID iid, LPUNKNOWN* out);

}  // namespace understudy
