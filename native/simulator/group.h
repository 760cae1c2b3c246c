// A group: a thread of its own samples the active items at the group's update instants and calls the client.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <thread>

#include "data_advise.h"
#include "world.h"

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

namespace simulator {

struct GroupSettings {
  std::wstring name;
  bool active = false;
  DWORD rate_ms = 1000;
  LONG time_bias = 0;
  FLOAT deadband = 0;
  DWORD locale = LOCALE_SYSTEM_DEFAULT;
  OPCHANDLE client_handle = 0;
  DWORD keep_alive_ms = 0;
};

struct GroupItem {
  Item* item = nullptr;
  OPCHANDLE client_handle = 0;
  bool active = true;
  VARTYPE requested_type = VT_EMPTY;
  std::wstring access_path;
  // What was last sent; none = send at the next update whatever it is.
  std::optional<uint64_t> sent_version;
  WORD sent_quality = 0;
  double sent_number = 0;
};

// Rows of a callback or an answer.
struct Rows {
  std::vector<OPCHANDLE> handles;
  std::vector<VARIANT> values;
  std::vector<WORD> qualities;
  std::vector<FILETIME> times;
  std::vector<HRESULT> errors;

  // Proxies refuse null pointers also where there is no row: a keep-alive needs room too.
  Rows() {
    handles.reserve(1);
    values.reserve(1);
    qualities.reserve(1);
    times.reserve(1);
    errors.reserve(1);
  }
  Rows(const Rows&) = delete;
  Rows& operator=(const Rows&) = delete;
  Rows(Rows&&) = default;
  ~Rows();
  void Add(OPCHANDLE handle, Sample&& sample, HRESULT error);
  bool HasErrors() const;
  bool HasBadQuality() const;
};

class Group : public ComObject<IOPCGroupStateMgt2, IOPCItemMgt, IOPCSyncIO2, IOPCAsyncIO3, IOPCAsyncIO, IDataObject,
                               IConnectionPointContainer> {
 public:
  Group(std::shared_ptr<World> world, OPCHANDLE server_handle, GroupSettings settings);

  // Smallest update rate, in ms; others are revised to multiples of it.
  static constexpr DWORD kRateStepMs = 10;
  static DWORD RevisedRate(DWORD requested_ms);

  OPCHANDLE server_handle() const { return server_handle_; }
  std::wstring name() const;
  // For CloneGroup: the items with their handles and states.
  void TakeItemsOf(Group& original);
  // Stops updates and callbacks for good; the object itself may live on in a client's hands.
  void Close();
  // Asks whether another group of the server has this name. Cleared by Close.
  std::function<bool(const std::wstring&)> is_name_taken;
  std::function<HRESULT(const Group&, const std::wstring&, REFIID, IUnknown**)> clone;

  // IOPCGroupStateMgt2
  STDMETHODIMP GetState(DWORD*, BOOL*, LPWSTR*, LONG*, FLOAT*, DWORD*, OPCHANDLE*, OPCHANDLE*) override;
  STDMETHODIMP SetState(DWORD*, DWORD*, BOOL*, LONG*, FLOAT*, DWORD*, OPCHANDLE*) override;
  STDMETHODIMP SetName(LPCWSTR) override;
  STDMETHODIMP CloneGroup(LPCWSTR, REFIID, LPUNKNOWN*) override;
  STDMETHODIMP SetKeepAlive(DWORD, DWORD*) override;
  STDMETHODIMP GetKeepAlive(DWORD*) override;

  // IOPCItemMgt
  STDMETHODIMP AddItems(DWORD, OPCITEMDEF*, OPCITEMRESULT**, HRESULT**) override;
  STDMETHODIMP ValidateItems(DWORD, OPCITEMDEF*, BOOL, OPCITEMRESULT**, HRESULT**) override;
  STDMETHODIMP RemoveItems(DWORD, OPCHANDLE*, HRESULT**) override;
  STDMETHODIMP SetActiveState(DWORD, OPCHANDLE*, BOOL, HRESULT**) override;
  STDMETHODIMP SetClientHandles(DWORD, OPCHANDLE*, OPCHANDLE*, HRESULT**) override;
  STDMETHODIMP SetDatatypes(DWORD, OPCHANDLE*, VARTYPE*, HRESULT**) override;
  STDMETHODIMP CreateEnumerator(REFIID, LPUNKNOWN*) override;

  // IOPCSyncIO2
  STDMETHODIMP Read(OPCDATASOURCE, DWORD, OPCHANDLE*, OPCITEMSTATE**, HRESULT**) override;
  STDMETHODIMP Write(DWORD, OPCHANDLE*, VARIANT*, HRESULT**) override;
  STDMETHODIMP ReadMaxAge(DWORD, OPCHANDLE*, DWORD*, VARIANT**, WORD**, FILETIME**, HRESULT**) override;
  STDMETHODIMP WriteVQT(DWORD, OPCHANDLE*, OPCITEMVQT*, HRESULT**) override;

  // IOPCAsyncIO3
  STDMETHODIMP Read(DWORD, OPCHANDLE*, DWORD, DWORD*, HRESULT**) override;
  STDMETHODIMP Write(DWORD, OPCHANDLE*, VARIANT*, DWORD, DWORD*, HRESULT**) override;
  STDMETHODIMP Refresh2(OPCDATASOURCE, DWORD, DWORD*) override;
  STDMETHODIMP Cancel2(DWORD) override;
  STDMETHODIMP SetEnable(BOOL) override;
  STDMETHODIMP GetEnable(BOOL*) override;
  STDMETHODIMP ReadMaxAge(DWORD, OPCHANDLE*, DWORD*, DWORD, DWORD*, HRESULT**) override;
  STDMETHODIMP WriteVQT(DWORD, OPCHANDLE*, OPCITEMVQT*, DWORD, DWORD*, HRESULT**) override;
  STDMETHODIMP RefreshMaxAge(DWORD, DWORD, DWORD*) override;

  // IOPCAsyncIO (DA 1.0)
  STDMETHODIMP Read(DWORD, OPCDATASOURCE, DWORD, OPCHANDLE*, DWORD*, HRESULT**) override;
  STDMETHODIMP Write(DWORD, DWORD, OPCHANDLE*, VARIANT*, DWORD*, HRESULT**) override;
  STDMETHODIMP Refresh(DWORD, OPCDATASOURCE, DWORD*) override;
  STDMETHODIMP Cancel(DWORD) override;

  // IDataObject (DA 1.0)
  STDMETHODIMP GetData(FORMATETC*, STGMEDIUM*) override;
  STDMETHODIMP GetDataHere(FORMATETC*, STGMEDIUM*) override { return E_NOTIMPL; }
  STDMETHODIMP QueryGetData(FORMATETC*) override { return E_NOTIMPL; }
  STDMETHODIMP GetCanonicalFormatEtc(FORMATETC*, FORMATETC*) override { return E_NOTIMPL; }
  STDMETHODIMP SetData(FORMATETC*, STGMEDIUM*, BOOL) override { return E_NOTIMPL; }
  STDMETHODIMP EnumFormatEtc(DWORD, IEnumFORMATETC**) override { return E_NOTIMPL; }
  STDMETHODIMP DAdvise(FORMATETC*, DWORD, IAdviseSink*, DWORD*) override;
  STDMETHODIMP DUnadvise(DWORD) override;
  STDMETHODIMP EnumDAdvise(IEnumSTATDATA**) override { return OLE_E_ADVISENOTSUPPORTED; }

  // IConnectionPointContainer
  STDMETHODIMP EnumConnectionPoints(IEnumConnectionPoints**) override { return E_NOTIMPL; }
  STDMETHODIMP FindConnectionPoint(REFIID, IConnectionPoint**) override;

 private:
  struct Task {
    DWORD cancel_id;
    DWORD transaction;
    int64_t due_ms;
    std::function<void(DWORD cancel_id)> run;
  };
  // A row of a write, checked and copied before it is queued.
  struct PendingWrite {
    OPCHANDLE client_handle;
    Item* item;
    Variant value;
    std::optional<WORD> quality;
    std::optional<FILETIME> time;
  };

  ~Group() override;
  OPCHANDLE client_handle() const;
  void Run();
  void RunDueTasks();
  void RunDueUpdates();
  // Sends what changed by this instant.
  void Update(int64_t instant_ms);
  void SendChanges(DWORD transaction, const Rows& rows);
  bool HasChanged(GroupItem& item, int64_t instant_ms) const;
  void ScheduleFromNow();

  // With the lock held. Null where the handle is unknown.
  GroupItem* FindItem(OPCHANDLE handle);
  HRESULT CheckDefinition(const OPCITEMDEF& definition, GroupItem& item, OPCITEMRESULT& result) const;
  // A value as a read gives it.
  HRESULT SampleOf(const GroupItem& item, bool from_cache, Sample& sample) const;
  // Asynchronous calls return at once also while calls are slow; their completion is late instead.
  enum class Pace { kAsCalls, kAtOnce };
  HRESULT ForEachItem(DWORD count, OPCHANDLE* handles, HRESULT** errors,
                      const std::function<HRESULT(GroupItem&, DWORD index)>& act, Pace pace = Pace::kAsCalls);
  DWORD Enqueue(DWORD transaction, std::function<void(DWORD cancel_id)> run);
  HRESULT QueueRead(DWORD count, OPCHANDLE* handles, HRESULT** errors,
                    const std::function<void(std::vector<GroupItem>)>& enqueue);
  HRESULT QueueWrite(DWORD count, OPCHANDLE* handles, const VARIANT* values, const OPCITEMVQT* vqts, HRESULT** errors,
                     const std::function<void(std::shared_ptr<std::vector<PendingWrite>>)>& enqueue);
  HRESULT AsyncRead(DWORD count, OPCHANDLE* handles, DWORD transaction, DWORD* cancel_id, HRESULT** errors);
  HRESULT AsyncWrite(DWORD count, OPCHANDLE* handles, const VARIANT* values, const OPCITEMVQT* vqts, DWORD transaction,
                     DWORD* cancel_id, HRESULT** errors);
  Rows ReadAll(bool from_cache, bool active_only);
  Rows ReadItems(const std::vector<GroupItem>& items, bool from_cache) const;
  void CallSinks(const std::function<HRESULT(IOPCDataCallback&)>& call);
  bool HasCallback() const { return !sinks_->empty(); }

  const std::shared_ptr<World> world_;
  const OPCHANDLE server_handle_;
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  GroupSettings settings_;
  std::map<OPCHANDLE, GroupItem> items_;
  OPCHANDLE last_handle_ = 0;
  bool enabled_ = true;
  bool closing_ = false;
  int64_t next_instant_ms_ = 0;
  int64_t last_callback_ms_ = 0;
  std::deque<Task> tasks_;
  DWORD last_cancel_id_ = 0;
  const std::shared_ptr<SinkList<IOPCDataCallback>> sinks_ = std::make_shared<SinkList<IOPCDataCallback>>();
  DataAdvise advise_;
  std::thread thread_;
};

}  // namespace simulator
}  // namespace understudy
