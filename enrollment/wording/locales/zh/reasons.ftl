# Why a crossing went as it did: to the traveler, to the officer, and what to do next. The traveler's text is shown
# large in place of a hint: short, kind, one thing to do.

reason-FACE_MATCHED_CHIP-traveler = 谢谢，祝您旅途愉快
reason-FACE_MATCHED_CHIP-officer = 现场人脸与芯片中的照片一致。
reason-FACE_MATCHED_CHIP-remedy = 无需处理。

reason-FACE_MATCHED_ENROLLMENT-traveler = 谢谢，祝您旅途愉快
reason-FACE_MATCHED_ENROLLMENT-officer = 现场人脸与旅客的登记信息一致。
reason-FACE_MATCHED_ENROLLMENT-remedy = 无需处理。

reason-FINGER_MATCHED_ENROLLMENT-traveler = 谢谢，祝您旅途愉快
reason-FINGER_MATCHED_ENROLLMENT-officer = 现场指纹与旅客的登记信息一致。
reason-FINGER_MATCHED_ENROLLMENT-remedy = 无需处理。

reason-OFFICER_ACCEPTED-traveler = 谢谢，祝您旅途愉快
reason-OFFICER_ACCEPTED-officer = 工作人员已放行本次通行。
reason-OFFICER_ACCEPTED-remedy = 无需处理：姓名和理由已记录。

reason-OFFICER_REFUSED-traveler = 请到人工柜台与工作人员沟通
reason-OFFICER_REFUSED-officer = 工作人员已拒绝本次通行。
reason-OFFICER_REFUSED-remedy = 请在人工柜台当面继续办理。

reason-DOCUMENT_UNREADABLE-traveler = 请将证件放平后重试
reason-DOCUMENT_UNREADABLE-officer = 读取器检测到证件，但无法读取。
reason-DOCUMENT_UNREADABLE-remedy = 请旅客取下证件护套后重新出示。

reason-READER_UNAVAILABLE-traveler = 请使用其他通道
reason-READER_UNAVAILABLE-officer = 证件读取器没有响应。
reason-READER_UNAVAILABLE-remedy = 请检查线缆和电源；如仍无响应，请关闭闸机并联系技术人员。

reason-MRZ_UNREADABLE-traveler = 请翻到照片页后重试
reason-MRZ_UNREADABLE-officer = 证件页上未找到机读区。
reason-MRZ_UNREADABLE-remedy = 请将照片页平放在读取器上，确保印刷字行清洁且未被遮挡。

reason-MRZ_CHECK_DIGIT_WRONG-traveler = 请将证件放平后重试
reason-MRZ_CHECK_DIGIT_WRONG-officer = 机读区的校验码有误。
reason-MRZ_CHECK_DIGIT_WRONG-remedy = 请旅客重新出示证件；如仍有误，请检查印刷字行是否被改动。

reason-CHIP_NOT_RESPONDING-traveler = 请将证件留在读取器上
reason-CHIP_NOT_RESPONDING-officer = 芯片在读取完成前停止响应。
reason-CHIP_NOT_RESPONDING-remedy = 请旅客重新出示证件并保持不动；如再次失败，请人工查验。

reason-CHIP_ACCESS_DENIED-traveler = 工作人员会协助您查验证件
reason-CHIP_ACCESS_DENIED-officer = 芯片不接受由机读区推导出的密钥。
reason-CHIP_ACCESS_DENIED-remedy = 请核对印刷字行与资料页，并在人工柜台重新读取证件。

reason-CHIP_PROTOCOL_ERROR-traveler = 工作人员会协助您查验证件
reason-CHIP_PROTOCOL_ERROR-officer = 芯片的应答不符合国际民航组织 Doc 9303 的要求。
reason-CHIP_PROTOCOL_ERROR-remedy = 请人工查验证件，并将签发方和证件种类告知技术人员。

reason-PACE_FAILED-traveler = 工作人员会协助您查验证件
reason-PACE_FAILED-officer = 芯片未能按规则要求以 PACE 打开，且并非密钥错误所致。
reason-PACE_FAILED-remedy = 请在人工柜台重新读取证件；如 PACE 仍然失败，请人工查验：规则不允许以 BAC 代替。

reason-CHIP_DATA_REFUSED-traveler = 工作人员会协助您查验证件
reason-CHIP_DATA_REFUSED-officer = 芯片拒绝提供通关所需的数据，例如照片（DG2）。
reason-CHIP_DATA_REFUSED-remedy = 请人工查验证件，并将签发方和证件种类告知技术人员。

reason-CHIP_AUTHENTICATION_FAILED-traveler = 工作人员会协助您查验证件
reason-CHIP_AUTHENTICATION_FAILED-officer = 芯片认证失败：芯片不持有签发时的密钥，可能是克隆芯片。
reason-CHIP_AUTHENTICATION_FAILED-remedy = 请勿采信芯片，并将证件作为可能的复制品交二线查验。

reason-ACTIVE_AUTHENTICATION_FAILED-traveler = 工作人员会协助您查验证件
reason-ACTIVE_AUTHENTICATION_FAILED-officer = 主动认证失败：芯片不持有签发时的密钥，可能是克隆芯片。
reason-ACTIVE_AUTHENTICATION_FAILED-remedy = 请勿采信芯片，并将证件作为可能的复制品交二线查验。

reason-CHIP_NOT_PROVEN_GENUINE-traveler = 工作人员会协助您查验证件
reason-CHIP_NOT_PROVEN_GENUINE-officer = 芯片未证明自己就是签发时的芯片，而签名数据或规则要求这一证明。
reason-CHIP_NOT_PROVEN_GENUINE-remedy = 请人工查验芯片是否被复制或更换，然后再作决定。

reason-CHIP_MRZ_MISMATCH-traveler = 工作人员会协助您查验证件
reason-CHIP_MRZ_MISMATCH-officer = 芯片数据（DG1）与印刷的机读区不一致。
reason-CHIP_MRZ_MISMATCH-remedy = 在二线查验完成之前，请勿采信该证件。

reason-CHIP_PORTRAIT_UNUSABLE-traveler = 工作人员会与您核对照片
reason-CHIP_PORTRAIT_UNUSABLE-officer = 芯片照片（DG2）无法解码，或其中没有可用的人脸。
reason-CHIP_PORTRAIT_UNUSABLE-remedy = 请将旅客与印刷照片比对后再作决定。

reason-PA_HASH_MISMATCH-traveler = 工作人员会协助您查验证件
reason-PA_HASH_MISMATCH-officer = 芯片中某数据组与签发方签名的内容不符：哈希值不同。
reason-PA_HASH_MISMATCH-remedy = 请勿采信芯片，并将证件交二线查验。

reason-PA_SIGNATURE_INVALID-traveler = 工作人员会协助您查验证件
reason-PA_SIGNATURE_INVALID-officer = 芯片数据的签名（EF.SOD）验证未通过。
reason-PA_SIGNATURE_INVALID-remedy = 请勿采信芯片，并将证件交二线查验。

reason-PA_CSCA_UNKNOWN-traveler = 工作人员会协助您查验证件
reason-PA_CSCA_UNKNOWN-officer = 没有受信任的国家证书（CSCA）为该证件的签名者作证。
reason-PA_CSCA_UNKNOWN-remedy = 请人工查验证件，并核实信任库中是否有该签发方的证书。

reason-PA_SIGNER_EXPIRED-traveler = 工作人员会协助您查验证件
reason-PA_SIGNER_EXPIRED-officer = 证件签名者的证书不在有效期内。
reason-PA_SIGNER_EXPIRED-remedy = 请人工查验证件后再作决定。

reason-PA_SIGNER_REVOKED-traveler = 工作人员会协助您查验证件
reason-PA_SIGNER_REVOKED-officer = 证件签名者的证书已被吊销。
reason-PA_SIGNER_REVOKED-remedy = 请勿采信芯片的签名；请人工查验证件，如有疑问请向签发方查询。

reason-PA_COUNTRY_MISMATCH-traveler = 工作人员会协助您查验证件
reason-PA_COUNTRY_MISMATCH-officer = 为证件签名的国家不是该证件的签发方。
reason-PA_COUNTRY_MISMATCH-remedy = 请勿采信芯片，并将证件交二线查验。

reason-PA_DOCUMENT_TYPE_MISMATCH-traveler = 工作人员会协助您查验证件
reason-PA_DOCUMENT_TYPE_MISMATCH-officer = 证件签名者无权签署此类证件。
reason-PA_DOCUMENT_TYPE_MISMATCH-remedy = 请人工查验证件后再作决定。

reason-PA_MALFORMED-traveler = 工作人员会协助您查验证件
reason-PA_MALFORMED-officer = 芯片的安全对象（EF.SOD）不符合国际民航组织 Doc 9303-10 的规定。
reason-PA_MALFORMED-remedy = 请勿采信芯片，并将证件交二线查验。

reason-DOCUMENT_EXPIRED-traveler = 您的证件已过期，工作人员会协助您
reason-DOCUMENT_EXPIRED-officer = 证件已超过有效期。
reason-DOCUMENT_EXPIRED-remedy = 请目视核对日期，并按过期证件的规定作出决定。

reason-DOCUMENT_TYPE_NOT_ADMITTED-traveler = 工作人员会在人工柜台为您查验证件
reason-DOCUMENT_TYPE_NOT_ADMITTED-officer = 本闸机的规则不受理此类证件。
reason-DOCUMENT_TYPE_NOT_ADMITTED-remedy = 请在人工柜台为旅客办理。

reason-ISSUER_NOT_ADMITTED-traveler = 工作人员会在人工柜台为您查验证件
reason-ISSUER_NOT_ADMITTED-officer = 本闸机的规则不受理该签发方的证件。
reason-ISSUER_NOT_ADMITTED-remedy = 请在人工柜台为旅客办理。

reason-AGE_BELOW_MINIMUM-traveler = 未成年旅客请到人工柜台办理
reason-AGE_BELOW_MINIMUM-officer = 旅客年龄低于本闸机规则的下限。
reason-AGE_BELOW_MINIMUM-remedy = 请在人工柜台为旅客办理，并请同行成年人到场。

reason-AGE_UNKNOWN-traveler = 工作人员会协助您
reason-AGE_UNKNOWN-officer = 出生日期未知或不完整，无法确定年龄。
reason-AGE_UNKNOWN-remedy = 请根据资料页确定年龄，并在人工柜台为旅客办理。

reason-CARD_UNKNOWN-traveler = 此处查不到这张卡，工作人员会协助您
reason-CARD_UNKNOWN-officer = 此卡不属于本闸机已知的任何登记。
reason-CARD_UNKNOWN-remedy = 请在登记服务中查询此卡；新卡会在下次同步时传到闸机。

reason-ENROLLMENT_SUSPENDED-traveler = 您的卡暂时停用，工作人员会协助您
reason-ENROLLMENT_SUSPENDED-officer = 旅客的登记已被暂停。
reason-ENROLLMENT_SUSPENDED-remedy = 请在登记服务中查看原因，并凭旅行证件为旅客办理。

reason-ENROLLMENT_EXPIRED-traveler = 您的登记已到期，工作人员会协助您
reason-ENROLLMENT_EXPIRED-officer = 旅客的登记已过期。
reason-ENROLLMENT_EXPIRED-remedy = 请凭旅行证件为旅客办理，并建议其续期。

reason-ENROLLMENT_REVOKED-traveler = 您的登记需要更新，工作人员会协助您
reason-ENROLLMENT_REVOKED-officer = 此登记的编码已被撤销，没有可与旅客比对的内容。
reason-ENROLLMENT_REVOKED-remedy = 请凭旅行证件为旅客办理，然后在登记处重新采集人脸或指纹。

reason-FACTOR_NOT_ENROLLED-traveler = 此卡信息不全，工作人员会协助您
reason-FACTOR_NOT_ENROLLED-officer = 登记中没有本地点所要求的人脸或指纹。
reason-FACTOR_NOT_ENROLLED-remedy = 请凭旅行证件为旅客办理，并建议补登人脸或指纹。

reason-CONSENT_ENDED-traveler = 您的同意已失效，工作人员会协助您
reason-CONSENT_ENDED-officer = 旅客对比对人脸或指纹的同意已到期或已撤回。
reason-CONSENT_ENDED-remedy = 请凭旅行证件为旅客办理。若旅客愿意，可由登记人员重新征得同意。

reason-ENROLLMENT_CACHE_STALE-traveler = 旅客卡暂不可用，工作人员会协助您
reason-ENROLLMENT_CACHE_STALE-officer = 闸机与登记服务断开的时间已超过规则允许的时限。
reason-ENROLLMENT_CACHE_STALE-remedy = 请凭旅行证件为旅客办理，并安排恢复与登记服务的连接。

reason-STORE_CORRUPT-traveler = 本通道出现故障，工作人员会协助您
reason-STORE_CORRUPT-officer = 闸机缓存中的一条记录无法打开：已损坏或由其他密钥封存。
reason-STORE_CORRUPT-remedy = 请凭旅行证件为旅客办理，并请技术人员重建缓存。

reason-FACE_NOT_FOUND-traveler = 请看摄像头
reason-FACE_NOT_FOUND-officer = 摄像头画面中没有人脸。
reason-FACE_NOT_FOUND-remedy = 请旅客站在标记处，面向摄像头并露出面部。

reason-FACE_MULTIPLE-traveler = 一次只限一人，谢谢配合
reason-FACE_MULTIPLE-officer = 摄像头画面中有多张人脸。
reason-FACE_MULTIPLE-remedy = 请确认闸机内只有一人，然后让旅客重试。

reason-FACE_IMAGE_BLANK-traveler = 摄像头故障，工作人员会协助您
reason-FACE_IMAGE_BLANK-officer = 摄像头画面为空白。
reason-FACE_IMAGE_BLANK-remedy = 请查看镜头是否被遮挡、灯光是否关闭；如均正常，请联系技术人员。

reason-FACE_IMAGE_UNREADABLE-traveler = 摄像头故障，工作人员会协助您
reason-FACE_IMAGE_UNREADABLE-officer = 摄像头画面无法解码。
reason-FACE_IMAGE_UNREADABLE-remedy = 请重启摄像头；如再次发生，请联系技术人员。

reason-FACE_QUALITY_LOW-traveler = 请走近一些，看摄像头
reason-FACE_QUALITY_LOW-officer = 人脸过小、模糊、过暗或偏转。
reason-FACE_QUALITY_LOW-remedy = 请旅客走近并正对摄像头，同时检查灯光。

reason-FACE_SCORE_BELOW_THRESHOLD-traveler = 请稍候，工作人员会协助您
reason-FACE_SCORE_BELOW_THRESHOLD-officer = 现场人脸与参照照片的比对得分未达到本地点的阈值。
reason-FACE_SCORE_BELOW_THRESHOLD-remedy = 请目视比对两张照片和旅客本人后再作决定。

reason-PRESENTATION_ATTACK_SUSPECTED-traveler = 请稍候，工作人员会协助您
reason-PRESENTATION_ATTACK_SUSPECTED-officer = 摄像头前的人脸可能是照片、屏幕或面具；详情中注明是哪项检测发现的。
reason-PRESENTATION_ATTACK_SUSPECTED-remedy = 请先看旅客本人的脸和手，再看照片，然后作决定。

reason-FACE_CAPTURE_TIMEOUT-traveler = 请稍候，工作人员会协助您
reason-FACE_CAPTURE_TIMEOUT-officer = 在规定时间内未采集到可用的人脸图像。
reason-FACE_CAPTURE_TIMEOUT-remedy = 请目视比对旅客与照片后再作决定；如经常发生，请检查摄像头和灯光。

reason-CAMERA_UNAVAILABLE-traveler = 摄像头故障，工作人员会协助您
reason-CAMERA_UNAVAILABLE-officer = 摄像头没有响应。
reason-CAMERA_UNAVAILABLE-remedy = 请检查摄像头的线缆和电源；如仍无响应，请关闭闸机并联系技术人员。

reason-CAMERA_DEGRADED-traveler = 一个摄像头故障，本通道可继续使用
reason-CAMERA_DEGRADED-officer = 其中一个摄像头没有图像，其他摄像头正常工作。
reason-CAMERA_DEGRADED-remedy = 请检查其线缆和电源，并联系技术人员。在此期间，身材高大、矮小或坐轮椅的旅客可能需要协助。

reason-FINGER_NOT_PLACED-traveler = 请将手指放在指纹仪上
reason-FINGER_NOT_PLACED-officer = 规定时间内没有手指放在指纹仪上。
reason-FINGER_NOT_PLACED-remedy = 请告诉旅客指纹仪的位置，以及如何将手指平放。

reason-FINGER_QUALITY_LOW-traveler = 请换一根手指再试
reason-FINGER_QUALITY_LOW-officer = 指纹过干、过湿、模糊或面积过小。
reason-FINGER_QUALITY_LOW-remedy = 手指磨损或受伤属正常情况：请换一根手指、擦拭指纹仪，或人工核对。

reason-FINGER_IMAGE_UNREADABLE-traveler = 指纹仪故障，工作人员会协助您
reason-FINGER_IMAGE_UNREADABLE-officer = 指纹仪的图像无法解码。
reason-FINGER_IMAGE_UNREADABLE-remedy = 请将指纹仪拔下后重新插上；如再次发生，请联系技术人员。

reason-FINGER_SCORE_BELOW_THRESHOLD-traveler = 请稍候，工作人员会协助您
reason-FINGER_SCORE_BELOW_THRESHOLD-officer = 现场指纹与登记指纹的比对得分未达到本地点的阈值。
reason-FINGER_SCORE_BELOW_THRESHOLD-remedy = 请询问登记的是哪几根手指，并核对旅行证件后再作决定。

reason-FINGER_CAPTURE_TIMEOUT-traveler = 请稍候，工作人员会协助您
reason-FINGER_CAPTURE_TIMEOUT-officer = 在规定时间内未采集到可用的指纹。
reason-FINGER_CAPTURE_TIMEOUT-remedy = 请核对旅行证件后再作决定；如经常发生，请清洁指纹仪。

reason-FINGER_SENSOR_UNAVAILABLE-traveler = 指纹仪故障，工作人员会协助您
reason-FINGER_SENSOR_UNAVAILABLE-officer = 指纹仪没有响应，或本闸机未配备指纹仪。
reason-FINGER_SENSOR_UNAVAILABLE-remedy = 请检查线缆和设备的访问权限；在此之前，未登记人脸的卡将转交您处理。

reason-FINGER_MATCHER_UNAVAILABLE-traveler = 本通道出现故障，工作人员会协助您
reason-FINGER_MATCHER_UNAVAILABLE-officer = 无法进行指纹比对：神经网络模型或其阈值缺失，或运行失败。
reason-FINGER_MATCHER_UNAVAILABLE-remedy = 请技术人员重新安装模型；人脸仍可比对。

reason-MATCHER_UNAVAILABLE-traveler = 本通道出现故障，工作人员会协助您
reason-MATCHER_UNAVAILABLE-officer = 无法进行人脸比对：神经网络模型缺失或运行失败。
reason-MATCHER_UNAVAILABLE-remedy = 请关闭闸机，并请技术人员重新安装模型。

reason-ENTRY_TIMEOUT-traveler = 请重新放置您的证件
reason-ENTRY_TIMEOUT-officer = 规定时间内无人通过入口门。
reason-ENTRY_TIMEOUT-remedy = 无需处理：旅客可以重新开始。

reason-TRAVELER_LEFT-traveler = 请重新放置您的证件
reason-TRAVELER_LEFT-officer = 旅客在作出决定之前离开。
reason-TRAVELER_LEFT-remedy = 请查看旅客是否需要帮助；如不需要，则无需处理。

reason-EXIT_TIMEOUT-traveler = 工作人员马上来协助您
reason-EXIT_TIMEOUT-officer = 规定时间内无人从出口门离开。
reason-EXIT_TIMEOUT-remedy = 请查看旅客是否仍在闸机内并需要帮助。

reason-REFERRAL_TIMEOUT-traveler = 感谢您的等候，请前往人工柜台
reason-REFERRAL_TIMEOUT-officer = 规定时间内没有工作人员作出决定。
reason-REFERRAL_TIMEOUT-remedy = 请在人工柜台接待旅客。

reason-OBSTACLE-traveler = 请离开门口
reason-OBSTACLE-officer = 有物体阻挡门的运动。
reason-OBSTACLE-remedy = 请让人员离开门口并移开行李。

reason-DOOR_FAULT-traveler = 请远离闸门，工作人员会协助您
reason-DOOR_FAULT-officer = 一扇门未到达指定位置，或在没有指令时移动。
reason-DOOR_FAULT-remedy = 请让人员远离闸门，关闭闸机并联系技术人员。

reason-PERSON_INSIDE-traveler = 请稍候，工作人员马上就来
reason-PERSON_INSIDE-officer = 两道门之间有人，但没有正在进行的通行
reason-PERSON_INSIDE-remedy = 请前往闸机，手动打开一道门让其离开，并注明原因
reason-INTERLOCK_REFUSED-traveler = 请稍候，工作人员会协助您
reason-INTERLOCK_REFUSED-officer = 为防止两扇门同时打开，闸门装置拒绝了一条指令。
reason-INTERLOCK_REFUSED-remedy = 请等两扇门都关闭后重试；如再次发生，请联系技术人员。

reason-BARRIER_LINE_LOST-traveler = 本通道出现故障，工作人员会协助您
reason-BARRIER_LINE_LOST-officer = 与闸门装置的线路已中断。
reason-BARRIER_LINE_LOST-remedy = 请查看闸机内是否有人，检查闸门装置的线缆和电源，并联系技术人员。

reason-EMERGENCY_RELEASE-traveler = 请立即离开，所有门均已打开
reason-EMERGENCY_RELEASE-officer = 消防信号已释放闸门。
reason-EMERGENCY_RELEASE-remedy = 请执行疏散预案；确认区域安全后方可恢复运行。

reason-GATE_HELD-traveler = 请稍候
reason-GATE_HELD-officer = 工作人员已暂停闸机。
reason-GATE_HELD-remedy = 原因解除后，请恢复闸机运行。

reason-GATE_CLOSED-traveler = 请使用其他通道
reason-GATE_CLOSED-officer = 工作人员已关闭闸机。
reason-GATE_CLOSED-remedy = 需要时请恢复闸机运行。

reason-CONTROLLER_INTERRUPTED-traveler = 工作人员马上来协助您
reason-CONTROLLER_INTERRUPTED-officer = 控制器在本次通行途中停止运行。
reason-CONTROLLER_INTERRUPTED-remedy = 请查看闸机内是否还有旅客；如再次发生，请安排检查日志。

reason-JOURNAL_UNAVAILABLE-traveler = 请使用其他通道
reason-JOURNAL_UNAVAILABLE-officer = 无法写入通行记录，因此任何门都不得移动。
reason-JOURNAL_UNAVAILABLE-remedy = 请技术人员检查磁盘以及记录文件夹的权限。

reason-AUDIT_NOT_WRITTEN-traveler = 请使用其他通道
reason-AUDIT_NOT_WRITTEN-officer = 无法将工作人员的操作记入审计日志。
reason-AUDIT_NOT_WRITTEN-remedy = 仍可手动开门，稍后补记；在此之前不能放行旅客，也不显示图像。请技术人员检查磁盘。

reason-DISK_FULL-traveler = 请使用其他通道
reason-DISK_FULL-officer = 控制器的磁盘已满。
reason-DISK_FULL-remedy = 请技术人员清理磁盘空间。

reason-PORT_IN_USE-traveler = 请使用其他通道
reason-PORT_IN_USE-officer = 闸机所需的端口被其他程序占用。
reason-PORT_IN_USE-remedy = 请技术人员结束该程序，或在配置中改用其他端口。

reason-CENTRE_UNREACHABLE-traveler = 您可以在此使用护照
reason-CENTRE_UNREACHABLE-officer = 无法连接登记服务。
reason-CENTRE_UNREACHABLE-remedy = 请安排检查网络；记录已保存，服务恢复后会自动发送。

reason-GATE_NOT_ADMITTED-traveler = 您可以在此使用护照
reason-GATE_NOT_ADMITTED-officer = 登记服务不接纳本闸机。
reason-GATE_NOT_ADMITTED-remedy = 请安排登记服务为闸机签发新证书；在此之前旅客卡将转由您处理，记录已保存。

reason-CENTRE_FAULT-traveler = 您可以在此使用护照
reason-CENTRE_FAULT-officer = 登记服务有应答，但内容不是本闸机所需的。
reason-CENTRE_FAULT-remedy = 请安排检查闸机与登记服务的日志并核对两者的版本；记录已保存。

reason-INTERNAL_FAULT-traveler = 本通道出现故障，工作人员会协助您
reason-INTERNAL_FAULT-officer = 控制器软件发生内部错误。
reason-INTERNAL_FAULT-remedy = 请重启闸机，并将日志发送给技术人员。
